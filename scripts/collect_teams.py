"""Join the scores of all teams on all shifts into one table."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, summaries

KEYS = ["team", "seed", "shift", "consensus"]
NOTE = "Each training of a team as one ensemble of all its members, by mean logit and by the consensus it learned with."


def collect_teams(spec: dict, parts: list[Path], table: Path, page: Path) -> None:
    """Write teams.csv, in the order of the parts, and its page."""
    result = summaries.collect(parts, KEYS)
    write_table(result, table)
    write_text(page, pages.page(result, "Teams", NOTE))


if __name__ == "__main__":
    command.run(collect_teams)
