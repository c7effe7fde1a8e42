"""Count operations and motifs of the front of cells."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_searches
from heterodox.tables.pages import page as page_of


def tabulate_cell_motifs(
    spec: dict, history: Path, operations: Path, motifs: Path, correlations: Path, page: Path
) -> None:
    """Write the shares of operations (E), the most frequent motifs (F, with a page) and what favours an end (G)."""
    config = spec["config"]
    front = cell_searches.front_of(read_table(history, cell_searches.COLUMNS), config["fronts"])
    counted = {"cells": len(front), "fronts": config["fronts"]}
    write_table(cell_searches.operations(front).assign(**counted), operations)
    frequent = cell_searches.motifs(front).assign(**counted)
    write_table(frequent, motifs)
    correlated = cell_searches.correlated_motifs(front, config["support"], config["correlation"])
    write_table(correlated.assign(**counted), correlations)
    write_text(page, page_of(frequent, "Most frequent motifs of the front", cell_searches.MOTIF_NOTE))


if __name__ == "__main__":
    command.run(tabulate_cell_motifs)
