"""Measure how scores of cells find wrong predictions and labels."""

from pathlib import Path

from heterodox import command
from heterodox.storage.inspections import read_inspections
from heterodox.storage.tables import write_table
from heterodox.tables import cell_inspections


def tabulate_cell_debugging(spec: dict, inspections: list[Path], table: Path) -> None:
    """Write cell_debugging.csv: what low scores find, for the most and the least introspectable member."""
    config = spec["config"]
    known = read_inspections(inspections)
    write_table(cell_inspections.debugging(known, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_debugging)
