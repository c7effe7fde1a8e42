"""Put the wide cell beside what other searches reached."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.members import read_description
from heterodox.storage.tables import write_table
from heterodox.tables import cell_resilience
from heterodox.tables.pages import page as page_of


def tabulate_wide_cell(spec: dict, description: Path, table: Path, page: Path) -> None:
    """Write wide_cell.csv and its page: this study's error, and those that the paper prints for CIFAR-10 (Table I1)."""
    config = spec["config"]
    found = cell_resilience.wide_table(read_description(description), config["dataset"], config["label"])
    write_table(found, table)
    write_text(page, page_of(found, "The wide cell beside other searches", cell_resilience.WIDE_NOTE))


if __name__ == "__main__":
    command.run(tabulate_wide_cell)
