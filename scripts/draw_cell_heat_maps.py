"""Draw mean activations by class and block."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_heat_maps, style
from heterodox.storage.inspections import read_inspections
from heterodox.tables import cell_inspections


def draw_cell_heat_maps(spec: dict, inspections: list[Path], figure: Path) -> None:
    """Draw the most and the least introspectable member."""
    shown = cell_inspections.ends(read_inspections(inspections))
    heats = {cell_inspections.title(end, one): (one.blocks, one.heat) for end, one in shown.items()}
    style.save(cell_heat_maps.draw(heats, shown["highest"].classes), figure)


if __name__ == "__main__":
    command.run(draw_cell_heat_maps)
