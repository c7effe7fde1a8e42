"""Draw class means in the plane of their largest variance."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_planes, style
from heterodox.storage.inspections import read_inspections
from heterodox.tables import cell_inspections


def draw_cell_planes(spec: dict, inspections: list[Path], figure: Path) -> None:
    """Draw the most and the least introspectable member; `emphasised` names groups of classes to be set off."""
    shown = cell_inspections.ends(read_inspections(inspections))
    classes = shown["highest"].classes
    groups = cell_inspections.class_groups(spec["config"]["emphasised"], classes)
    planes = {cell_inspections.title(end, one): cell_inspections.plane(one) for end, one in shown.items()}
    style.save(cell_planes.draw(planes, classes, groups), figure)


if __name__ == "__main__":
    command.run(draw_cell_planes)
