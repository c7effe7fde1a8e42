"""Test how fast people learn with each kind of feedback (user study 3)."""

from pathlib import Path

from heterodox import command
from heterodox.storage.answers import read_choices
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, user_studies


def tabulate_learning(
    spec: dict, choices: list[Path], table: Path, page: Path, participants: Path, medians: Path
) -> None:
    """Write the tests of all pairs of groups, each participant's trials, and the medians that are compared."""
    learned = user_studies.proficiency(read_choices(choices))
    found = user_studies.learning_table(learned)
    write_table(learned, participants)
    write_table(user_studies.trial_medians(learned), medians)
    write_table(found, table)
    note = (
        "Trials until nine of the last ten answers were right; Mann and Whitney's test without participants above the "
        "pair's median plus two standard deviations; p_corrected is Bonferroni's within a pair of birds."
    )
    write_text(page, pages.page(user_studies.with_words(found), "Trials until proficient, two groups at a time", note))


if __name__ == "__main__":
    command.run(tabulate_learning)
