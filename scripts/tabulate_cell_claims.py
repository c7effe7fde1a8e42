"""Put every claim of the cell paper beside what the study found."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables.cell_claims import CLAIMS, NOTE
from heterodox.tables.cell_study import CellStudy
from heterodox.tables.claims import answers_page, claims_table


def tabulate_cell_claims(spec: dict, tables: list[Path], table: Path, page: Path) -> None:
    """Write cell_claims.csv and its page from the study's tables, each known by its file's name."""
    found = {path.stem: read_table(path) for path in tables}
    study = CellStudy({name: known for name, known in found.items() if len(known)}, **spec["config"])
    result = claims_table(CLAIMS, study)
    write_table(result, table)
    write_text(page, answers_page(result, "Claims of the cell paper", NOTE))


if __name__ == "__main__":
    command.run(tabulate_cell_claims)
