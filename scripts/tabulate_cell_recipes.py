"""Correlate the ranks that two recipes give the same cells."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_resilience


def tabulate_cell_recipes(spec: dict, recipes: Path, table: Path) -> None:
    """Write cell_recipes.csv: Spearman's r of both objectives between the recipes, with intervals over cells."""
    config = spec["config"]
    known = read_table(recipes, cell_resilience.RECIPE_COLUMNS)
    write_table(cell_resilience.recipe_correlations(known, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_recipes)
