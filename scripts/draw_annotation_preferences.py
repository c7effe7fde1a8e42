"""Draw the median ratings of five types of annotation."""

from pathlib import Path

from heterodox import command
from heterodox.figures import annotation_preferences, style
from heterodox.storage.tables import read_table


def draw_annotation_preferences(spec: dict, table: Path, medians: Path, figure: Path) -> None:
    """Draw medians with quartiles, and brackets over the pairs that differ."""
    comparisons = read_table(table).fillna({"stars": ""})
    style.save(annotation_preferences.draw(read_table(medians), comparisons), figure)


if __name__ == "__main__":
    command.run(draw_annotation_preferences)
