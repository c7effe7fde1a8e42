"""Draw how calibration follows introspectability."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_calibration, style
from heterodox.storage.tables import read_table


def draw_cell_calibration(spec: dict, table: Path, figure: Path) -> None:
    """Draw the rows of cell_calibration.csv with bins over 0..1, as the paper has them."""
    known = read_table(table, cell_calibration.COLUMNS)
    style.save(cell_calibration.draw(known[known["bins"] == "unit"]), figure)


if __name__ == "__main__":
    command.run(draw_cell_calibration)
