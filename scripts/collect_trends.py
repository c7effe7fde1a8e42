"""Join the trends of all pools and shifts into one table."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages, summaries

KEYS = ["pool", "shift", "consensus", "metric"]


def collect_trends(spec: dict, parts: list[Path], table: Path, page: Path) -> None:
    """Write trends.csv, in the order of the parts, and its page."""
    result = summaries.collect(parts, KEYS)
    write_table(result, table)
    note = "Improvement over the best member against each metric; intervals from a bootstrap over members and images."
    write_text(page, pages.page(result, "Trends", note))


if __name__ == "__main__":
    command.run(collect_trends)
