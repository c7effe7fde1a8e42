"""Push the two closest classes of a cell apart and see who is still taken for whom."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.searches.cell_inspection import chosen_for_repair, repaired, trial_files
from heterodox.storage.inspections import read_inspections, write_repair
from heterodox.storage.provenance import fingerprint


def repair_cell(
    spec: dict,
    train: Path,
    validation: Path,
    test: Path,
    weights: list[Path],
    inspections: list[Path],
    repair: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Repair one of the members in `weights` in several trials; `state` is a folder where finished trials wait."""
    member = chosen_for_repair(read_inspections(inspections))
    own = next(path for path in weights if path.stem == member)
    name = fingerprint(spec, [train, validation, test, own])
    files = {"train": train, "validation": validation, "test": test}
    found = repaired(own, files, spec["config"], available_device(), state, name, state_seconds)
    write_repair(repair, found)
    for path in trial_files(state, name, spec["config"]["repair"]["trials"]):
        path.unlink()


if __name__ == "__main__":
    command.run(repair_cell)
