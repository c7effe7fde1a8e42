"""Train the most accurate cell of a search with more channels and for longer, and test it."""

from pathlib import Path

from heterodox import command
from heterodox.networks.cells import from_string
from heterodox.networks.loading import available_device
from heterodox.searches.cell_inspection import accuracy_on
from heterodox.searches.cells import CellTraining
from heterodox.storage.members import read_description, read_weights, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import read_table
from heterodox.tables import cell_searches
from heterodox.tables.members import binomial_interval
from heterodox.training.state import StateFile


def train_wide_cell(
    spec: dict,
    train: Path,
    validation: Path,
    test: Path,
    history: Path,
    weights: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Train the most accurate cell of the history on all images and write it with its accuracy on the test images."""
    config, known = spec["config"], read_table(history, cell_searches.COLUMNS)
    genome = known.loc[known["accuracy"].idxmax(), "genome"]
    everything = {"train": None, "validation": None}
    training = CellTraining.from_config(config, train, validation)
    training = training.changed(everything, config["wide"]["factor"], epochs=config["wide"]["epochs"])
    name = fingerprint(spec, [train, validation, history])
    trained = state.with_name(f"{name}-{weights.name}")
    if not trained.with_suffix(".json").is_file():
        training.trained(from_string(genome), weights=trained, state=StateFile(state, name, state_seconds))
    described = read_description(trained) | {"member": weights.stem, "genome": genome}
    accuracy, images = accuracy_on(trained, test, available_device())
    low, high = binomial_interval(accuracy, images)
    described |= {"test_accuracy": accuracy, "test_accuracy_low": low, "test_accuracy_high": high}
    write_member(weights, read_weights(trained), described)
    trained.unlink()
    trained.with_suffix(".json").unlink()


if __name__ == "__main__":
    command.run(train_wide_cell)
