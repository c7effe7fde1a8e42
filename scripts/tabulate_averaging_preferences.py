"""Test what people think of single and averaged explanations (user study 1)."""

from pathlib import Path

from heterodox import command
from heterodox.storage.answers import read_choices, read_ratings
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, user_studies


def tabulate_averaging_preferences(
    spec: dict, ratings: list[Path], choices: list[Path], table: Path, page: Path
) -> None:
    """Write the tests of both questions and, where choices are given, of their accuracy."""
    found = user_studies.averaging_table(read_ratings(ratings), read_choices(choices) if choices else None)
    write_table(found, table)
    note = "Wilcoxon's signed-rank test over participants; p_corrected is Bonferroni's for 3 tests."
    write_text(page, pages.page(user_studies.with_words(found), "Single against averaged explanations", note))


if __name__ == "__main__":
    command.run(tabulate_averaging_preferences)
