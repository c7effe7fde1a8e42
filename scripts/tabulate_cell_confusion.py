"""Measure how distances of class means follow confusion."""

from pathlib import Path

from heterodox import command
from heterodox.storage.inspections import read_inspections
from heterodox.storage.tables import write_table
from heterodox.tables import cell_inspections


def tabulate_cell_confusion(spec: dict, inspections: list[Path], table: Path) -> None:
    """Write cell_confusion.csv: how distances of class means follow the folded confusion, by member."""
    config = spec["config"]
    known = read_inspections(inspections)
    write_table(cell_inspections.confusion(known, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_confusion)
