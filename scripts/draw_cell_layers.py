"""Draw the front of cells by their numbers of convolutions and poolings."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_layers, style
from heterodox.storage.tables import read_table


def draw_cell_layers(spec: dict, cells: Path, figure: Path) -> None:
    """Draw the cells of the multi-objective search in cell_evaluations.csv."""
    known = read_table(cells, ["search", *cell_layers.COLUMNS])
    style.save(cell_layers.draw(known[known["search"] == "multi"]), figure)


if __name__ == "__main__":
    command.run(draw_cell_layers)
