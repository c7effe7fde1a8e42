"""Tell how far each team's training went before it diverged, and what its loss costs."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.members import read_description
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages
from heterodox.tables.team_training import COLUMNS, training_table

NOTE = (
    "The study's teams, and below them the sweeps of lambda. The accuracy is the ensemble's on validation images, of "
    "the epoch whose weights are kept; the overhead is the time of forward and backward of one batch as a multiple of "
    "plain cross-entropy's. Explained is how many images of a batch give maps; empty: all of them, as in every sweep."
)


def tabulate_team_training(spec: dict, descriptions: list[Path], sweeps: list[Path], table: Path, page: Path) -> None:
    """Write team_training.csv and its page, from the descriptions of the teams' first members and the sweeps' rows."""
    found = [read_description(path.with_suffix(".safetensors")) for path in descriptions]
    result = training_table(found, [read_table(path, COLUMNS) for path in sweeps])
    write_table(result, table)
    write_text(page, pages.page(result, "Training of teams", NOTE))


if __name__ == "__main__":
    command.run(tabulate_team_training)
