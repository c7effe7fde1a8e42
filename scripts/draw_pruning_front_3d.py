"""Draw the merged front of a pruning search in all three objectives."""

from pathlib import Path

from heterodox import command
from heterodox.figures import pruning_front_3d, pruning_fronts, style
from heterodox.storage.tables import read_table


def draw_pruning_front_3d(spec: dict, front: Path, heads: Path, figure: Path) -> None:
    """Draw the masks that nothing dominates, and the unpruned networks."""
    best = read_table(front, ["rank", *pruning_fronts.OBJECTIVES])
    style.save(pruning_front_3d.draw(best, read_table(heads, pruning_fronts.HEAD_COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_pruning_front_3d)
