"""Put every claim of the resilience paper beside what the study found."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables.claims import answers_page, claims_table
from heterodox.tables.resilience_claims import CLAIMS
from heterodox.tables.resilience_study import Study

NOTE = (
    "Each claim allows a range of values. It agrees where the whole 95 % interval of what was found here lies in that "
    "range, differs where the whole interval lies outside, and is undecided otherwise. Differences of accuracy are "
    "shares of images. What a comparison of single members says holds for these networks: its interval is over images."
)


def tabulate_claims(spec: dict, tables: list[Path], table: Path, page: Path) -> None:
    """Write claims.csv and its page from the study's tables, each known by its file's name.

    The spec's config holds the fields of `Study` but its tables. A table that is empty or not given leaves its claims
    not measured.
    """
    found = {path.stem: read_table(path) for path in tables}
    study = Study(tables={name: known for name, known in found.items() if len(known)}, **spec["config"])
    result = claims_table(CLAIMS, study)
    write_table(result, table)
    write_text(page, answers_page(result, "Claims of the resilience paper", NOTE))


if __name__ == "__main__":
    command.run(tabulate_claims)
