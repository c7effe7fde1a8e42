"""Draw the intersection over union by the number of averaged members."""

from pathlib import Path

from heterodox import command
from heterodox.figures import ensemble_sizes, style
from heterodox.storage.tables import read_table


def draw_ensemble_sizes(spec: dict, scores: Path, figure: Path) -> None:
    """Draw a panel per method."""
    style.save(ensemble_sizes.draw(read_table(scores, ["method", "size", "iou", "single"])), figure)


if __name__ == "__main__":
    command.run(draw_ensemble_sizes)
