"""Draw what a pruning search found, two objectives at a time."""

from pathlib import Path

from heterodox import command
from heterodox.figures import pruning_fronts, style
from heterodox.storage.tables import read_table


def draw_pruning_fronts(spec: dict, evaluations: Path, front: Path, heads: Path, figure: Path) -> None:
    """Draw the masks of the study's scope, the merged front and its baselines."""
    tables = (
        read_table(evaluations, pruning_fronts.EVALUATION_COLUMNS),
        read_table(front, ["rank", *pruning_fronts.OBJECTIVES]),
        read_table(heads, pruning_fronts.HEAD_COLUMNS),
    )
    style.save(pruning_fronts.draw(*tables, spec["config"]["scope"]), figure)


if __name__ == "__main__":
    command.run(draw_pruning_fronts)
