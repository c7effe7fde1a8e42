"""Average the teams of each heuristic over their seeds."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import heuristics


def tabulate_heuristics(spec: dict, teams: Path, table: Path) -> None:
    """Write heuristics.csv: means over seeds with intervals, by heuristic, lambda, shift and consensus."""
    write_table(heuristics.summarise(read_table(teams, heuristics.COLUMNS)), table)


if __name__ == "__main__":
    command.run(tabulate_heuristics)
