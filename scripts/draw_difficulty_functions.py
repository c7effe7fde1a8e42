"""Draw the difficulty functions of two families of members on every shift."""

from pathlib import Path

from heterodox import command
from heterodox.figures import difficulty_functions, style
from heterodox.storage.tables import read_table


def draw_difficulty_functions(spec: dict, table: Path, joint: Path, figure: Path) -> None:
    """Draw difficulty.csv and its joint histograms for the two `families` of the spec's config."""
    tables = read_table(table, difficulty_functions.COLUMNS), read_table(joint, difficulty_functions.JOINT_COLUMNS)
    style.save(difficulty_functions.draw(*tables, *spec["config"]["families"]), figure)


if __name__ == "__main__":
    command.run(draw_difficulty_functions)
