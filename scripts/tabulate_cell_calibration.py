"""Measure how scores of cells follow accuracy."""

from pathlib import Path

from heterodox import command
from heterodox.storage.inspections import read_inspections
from heterodox.storage.tables import write_table
from heterodox.tables import cell_inspections


def tabulate_cell_calibration(spec: dict, inspections: list[Path], table: Path) -> None:
    """Write cell_calibration.csv: Pearson's and Spearman's r of score and accuracy, by member and score."""
    config = spec["config"]
    known = read_inspections(inspections)
    write_table(cell_inspections.calibration(known, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_calibration)
