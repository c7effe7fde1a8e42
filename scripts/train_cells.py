"""Train cells spread over the front of a search and make each an ordinary member."""

from pathlib import Path

from heterodox import command
from heterodox.networks.cells import from_string
from heterodox.searches.cells import CellTraining
from heterodox.storage.members import description_path, read_description, read_weights, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import read_table
from heterodox.tables import cell_searches
from heterodox.training.state import StateFile


def train_cells(
    spec: dict,
    train: Path,
    validation: Path,
    history: Path,
    weights: list[Path],
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Train as many cells as `weights` names, from the history of a search, and write them as members.

    `state` is a folder in which finished members wait, so that a killed job goes on with the next one.
    """
    training = CellTraining.from_config(spec["config"], train, validation)
    known = read_table(history, cell_searches.COLUMNS)
    chosen = cell_searches.chosen_cells(known, len(weights))
    name = fingerprint(spec, [train, validation, history])
    finished = [state / f"{name}-{path.name}" for path in weights]
    for path, waiting, cell in zip(weights, finished, chosen.to_dict("records"), strict=True):
        if not description_path(waiting).is_file():
            running = StateFile(state / f"{path.stem}.pt", f"{name} {path.stem}", state_seconds)
            training.trained(from_string(cell["genome"]), weights=waiting, state=running)
    for path, waiting, cell in zip(weights, finished, chosen.to_dict("records"), strict=True):
        described = read_description(waiting) | {"member": path.stem, "front": int(cell["front"])}
        objective = {"genome": cell["genome"], "objective": described[training.objective]}
        write_member(path, read_weights(waiting), described | objective)
    for waiting in finished:
        waiting.unlink()
        description_path(waiting).unlink()


if __name__ == "__main__":
    command.run(train_cells)
