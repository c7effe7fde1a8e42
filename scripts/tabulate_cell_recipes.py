"""Correlate the ranks that two recipes give the same cells."""

import logging
from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_resilience

log = logging.getLogger(__name__)


def tabulate_cell_recipes(spec: dict, recipes: Path, table: Path) -> None:
    """Write cell_recipes.csv: Spearman's r of both objectives between the recipes, with intervals over cells."""
    config = spec["config"]
    known = read_table(recipes, cell_resilience.RECIPE_COLUMNS)
    found = cell_resilience.recipe_correlations(known, config["replicates"], config["seed"])
    write_table(found, table)
    for row in found.itertuples():
        log.info("%s by a longer training: rank correlation %.2f [%.2f, %.2f], %d cells", *row[1:6])


if __name__ == "__main__":
    command.run(tabulate_cell_recipes)
