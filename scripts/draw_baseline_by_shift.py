"""Draw one member's accuracy on every shift."""

from pathlib import Path

from heterodox import command
from heterodox.figures import baseline_by_shift, style
from heterodox.storage.tables import read_table


def draw_baseline_by_shift(spec: dict, members: Path, figure: Path) -> None:
    """Draw members.csv's rows of the `member` that the spec's config names."""
    table = read_table(members, baseline_by_shift.COLUMNS)
    style.save(baseline_by_shift.draw(table, spec["config"]["member"]), figure)


if __name__ == "__main__":
    command.run(draw_baseline_by_shift)
