"""Join the scores of all pools and shifts into one table."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, summaries

KEYS = ["pool", "shift", "consensus", "ensemble"]


def collect_ensembles(spec: dict, parts: list[Path], table: Path, page: Path) -> None:
    """Write ensembles.csv, in the order of the parts, and a page with the most accurate ensembles."""
    result = summaries.collect(parts, KEYS)
    write_table(result, table)
    note = f"The ten most accurate of each pool, shift and consensus; {table.name} holds all {len(result)} rows."
    write_text(page, pages.page(summaries.most_accurate(result, 10), "Ensembles", note))


if __name__ == "__main__":
    command.run(collect_ensembles)
