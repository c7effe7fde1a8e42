"""Test what people think of five types of annotation (user study 2)."""

from pathlib import Path

from heterodox import command
from heterodox.storage.answers import ANNOTATIONS, read_ratings
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, user_studies


def tabulate_annotation_preferences(spec: dict, ratings: list[Path], table: Path, page: Path, medians: Path) -> None:
    """Write the tests of all pairs of types, and the medians that they compare."""
    answers = read_ratings(ratings)
    found = user_studies.annotation_table(answers)
    write_table(user_studies.condition_medians(answers, ANNOTATIONS), medians)
    write_table(found, table)
    note = (
        "Mann and Whitney's test on the participants' medians, as in the paper, and beside it (paired) Wilcoxon's "
        "signed-rank test, as the same people rate all types; p_corrected is Bonferroni's for all rows."
    )
    write_text(page, pages.page(user_studies.with_words(found), "Types of annotation, two by two", note))


if __name__ == "__main__":
    command.run(tabulate_annotation_preferences)
