"""Put the equitability of every team on every shift into one table."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages
from heterodox.tables.equitability import ENSEMBLE_COLUMNS, TEAM_COLUMNS, equitability, side_by_side

NOTE = (
    "Mean over seeds ± standard deviation of the Shannon equitability (0 = all members agree, 1 = no two do), over "
    "the images that the team gets right (correct) and wrong (incorrect)."
)


def tabulate_equitability(spec: dict, teams: Path, ensembles: Path, table: Path, page: Path) -> None:
    """Write equitability.csv and its page: all teams, and below them the `ensembles` that the spec's config names."""
    scores = read_table(teams, TEAM_COLUMNS), read_table(ensembles, ENSEMBLE_COLUMNS)
    result = equitability(*scores, spec["config"]["ensembles"])
    write_table(result, table)
    write_text(page, pages.page(side_by_side(result), "Equitability", NOTE))


if __name__ == "__main__":
    command.run(tabulate_equitability)
