"""Draw how fast people learn with each kind of feedback."""

from pathlib import Path

from heterodox import command
from heterodox.figures import style, trials_to_proficiency
from heterodox.storage.tables import read_table


def draw_trials_to_proficiency(spec: dict, table: Path, medians: Path, figure: Path) -> None:
    """Draw medians with quartiles, and brackets over the pairs of groups that differ."""
    comparisons = read_table(table).fillna({"stars": ""})
    style.save(trials_to_proficiency.draw(read_table(medians), comparisons), figure)


if __name__ == "__main__":
    command.run(draw_trials_to_proficiency)
