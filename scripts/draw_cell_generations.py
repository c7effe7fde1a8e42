"""Draw how the fronts of cell searches move."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_generations, style
from heterodox.storage.tables import read_table


def draw_cell_generations(spec: dict, table: Path, figure: Path) -> None:
    """Draw cell_generations.csv."""
    style.save(cell_generations.draw(read_table(table, cell_generations.COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_cell_generations)
