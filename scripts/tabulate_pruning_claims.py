"""Put every claim of the pruning paper beside what the study found."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables.claims import answers_page, claims_table
from heterodox.tables.pruning_claims import CLAIMS, Study

NOTE = (
    "Each claim allows a range of values. It agrees where the whole interval of what was found here lies in that "
    "range, differs where the whole interval lies outside, and is undecided otherwise. Intervals over runs are a 95 % "
    "bootstrap from ten runs on; with fewer they reach from the smallest to the largest run, so that every run counts."
)


def tabulate_pruning_claims(spec: dict, tables: list[Path], table: Path, page: Path) -> None:
    """Write pruning_claims.csv and its page from the study's tables, each known by its file's name."""
    found = {path.stem.removeprefix("pruning_"): read_table(path) for path in tables}
    config = dict(spec["config"])
    recipe = config.pop("recipe")
    study = Study({name: known for name, known in found.items() if len(known)}, **config)
    result = claims_table(CLAIMS, study)
    write_table(result, table)
    write_text(page, answers_page(result, "Claims of the pruning paper", f"Recipe of heads: {recipe}. {NOTE}"))


if __name__ == "__main__":
    command.run(tabulate_pruning_claims)
