"""Put every claim of the explanation paper beside what the study found."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables.claims import answers_page, claims_table
from heterodox.tables.explanation_claims import Study, claims, said_with_baselines, with_baselines
from heterodox.tables.explanation_paper import sets_of

NOTE = (
    "Each claim allows a range of values. It agrees where the whole 95 % interval of what was found here lies in that "
    "range, differs where the whole interval lies outside, and is undecided otherwise. Sizes are shares of the single "
    "networks' score: other data and networks have other units. Beside each stand the scores, a point in the image's "
    "centre and a random map, which know nothing of the network."
)


def tabulate_explanation_claims(spec: dict, tables: list[Path], table: Path, page: Path) -> None:
    """Write the claims and their page from the study's tables, each known by its file's name."""
    config = spec["config"]
    found = {path.stem: read_table(path) for path in tables}
    study = Study(found, sets_of(config["tables"]), config["average"])
    result = with_baselines(claims_table(claims(study), study), study)
    write_table(result, table)
    write_text(page, answers_page(said_with_baselines(result), "Claims of the explanation paper", NOTE))


if __name__ == "__main__":
    command.run(tabulate_explanation_claims)
