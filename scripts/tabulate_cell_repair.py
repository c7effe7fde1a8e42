"""Put a cell before and after its repair side by side."""

from pathlib import Path

from heterodox import command
from heterodox.storage.inspections import read_repair
from heterodox.storage.tables import write_table
from heterodox.tables import cell_inspections


def tabulate_cell_repair(spec: dict, repair: Path, table: Path) -> None:
    """Write cell_repair.csv: accuracy and confusion of the pair before and after, by trial."""
    write_table(cell_inspections.repair_table(read_repair(repair)), table)


if __name__ == "__main__":
    command.run(tabulate_cell_repair)
