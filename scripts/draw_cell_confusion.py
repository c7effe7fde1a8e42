"""Draw confusion and distances before and after a repair."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_confusion, style
from heterodox.storage.inspections import read_repair
from heterodox.tables import cell_inspections


def draw_cell_confusion(spec: dict, repair: Path, figure: Path) -> None:
    """Draw the first trial of the repair."""
    style.save(cell_confusion.draw(*cell_inspections.repair_matrices(read_repair(repair))), figure)


if __name__ == "__main__":
    command.run(draw_cell_confusion)
