"""Draw searches over channels of the early blocks beside those over the head."""

from pathlib import Path

from heterodox import command
from heterodox.figures import channel_growth, style
from heterodox.storage.tables import read_table


def draw_pruning_channels(spec: dict, curves: Path, figure: Path) -> None:
    """Draw the hypervolume of every scope after each evaluation."""
    found = read_table(curves, channel_growth.COLUMNS)
    style.save(channel_growth.draw(found, spec["config"]["populations"]), figure)


if __name__ == "__main__":
    command.run(draw_pruning_channels)
