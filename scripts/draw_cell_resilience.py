"""Draw introspectability and diversity of cells against resilience."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_resilience, style
from heterodox.storage.tables import read_table


def draw_cell_resilience(spec: dict, members: Path, ensembles: Path, table: Path, figure: Path) -> None:
    """Draw cell_members.csv and cell_ensembles.csv with the correlations of cell_resilience.csv."""
    single = read_table(members, cell_resilience.MEMBER_COLUMNS)
    together = read_table(ensembles, cell_resilience.ENSEMBLE_COLUMNS)
    style.save(cell_resilience.draw(single, together, read_table(table, ["of", "with", "spearman"])), figure)


if __name__ == "__main__":
    command.run(draw_cell_resilience)
