"""Join the comparisons of all pools and shifts into one table."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import write_table
from heterodox.tables import summaries

KEYS = ["pool", "shift", "statistic", "consensus", "first", "second"]


def collect_comparisons(spec: dict, parts: list[Path], table: Path) -> None:
    """Write comparisons.csv, in the order of the parts."""
    write_table(summaries.collect(parts, KEYS), table)


if __name__ == "__main__":
    command.run(collect_comparisons)
