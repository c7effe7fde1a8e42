"""Trace a cell of the front to its ancestors and measure heritability."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_searches


def tabulate_cell_phylogeny(spec: dict, history: Path, table: Path, heritability: Path) -> None:
    """Write cell_phylogeny.csv and cell_heritability.csv from the history of a steered search."""
    config, known = spec["config"], read_table(history, cell_searches.COLUMNS)
    write_table(cell_searches.phylogeny(known), table)
    write_table(cell_searches.heritabilities(known, config["permutations"], config["seed"]), heritability)


if __name__ == "__main__":
    command.run(tabulate_cell_phylogeny)
