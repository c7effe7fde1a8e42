"""Correlate what cells cost with both objectives."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_inspections


def tabulate_cell_costs(spec: dict, history: Path, table: Path) -> None:
    """Write cell_costs.csv from all cells that the multi-objective search evaluated."""
    config = spec["config"]
    known = read_table(history, cell_inspections.COST_COLUMNS)
    write_table(cell_inspections.costs(known, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_costs)
