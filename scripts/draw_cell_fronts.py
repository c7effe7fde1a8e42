"""Draw the front of every cell search."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_fronts, style
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table


def draw_cell_fronts(spec: dict, validation: Path, cells: Path, searches: Path, figure: Path) -> None:
    """Draw cell_evaluations.csv with the hypervolumes of cell_searches.csv; `validation` tells how many classes."""
    with ImageFile(validation) as images:
        classes = len(images.classes)
    known = read_table(cells, cell_fronts.COLUMNS)
    style.save(cell_fronts.draw(known, read_table(searches, ["search", "hypervolume"]), classes), figure)


if __name__ == "__main__":
    command.run(draw_cell_fronts)
