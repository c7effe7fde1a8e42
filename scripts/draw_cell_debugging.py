"""Draw what low scores of cells find."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_debugging, style
from heterodox.storage.tables import read_table


def draw_cell_debugging(spec: dict, table: Path, figure: Path) -> None:
    """Draw cell_debugging.csv."""
    style.save(cell_debugging.draw(read_table(table, cell_debugging.COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_cell_debugging)
