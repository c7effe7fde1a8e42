"""Draw how the hypervolume grows with every evaluated mask."""

from pathlib import Path

from heterodox import command
from heterodox.figures import hypervolume_growth, style
from heterodox.storage.tables import read_table


def draw_pruning_growth(spec: dict, curves: Path, figure: Path) -> None:
    """Draw the runs of the study's scope beside random masks."""
    style.save(hypervolume_growth.draw(read_table(curves, hypervolume_growth.COLUMNS), spec["config"]["scope"]), figure)


if __name__ == "__main__":
    command.run(draw_pruning_growth)
