"""Draw the descent of a cell of the front."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_phylogeny, style
from heterodox.storage.tables import read_table


def draw_cell_phylogeny(spec: dict, table: Path, heritability: Path, figure: Path) -> None:
    """Draw cell_phylogeny.csv, with the numbers of cell_heritability.csv in the titles."""
    known = read_table(table, cell_phylogeny.COLUMNS)
    style.save(cell_phylogeny.draw(known, read_table(heritability, ["trait", "correlation"])), figure)


if __name__ == "__main__":
    command.run(draw_cell_phylogeny)
