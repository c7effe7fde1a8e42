"""Give the trends of a pool on one shift their intervals."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.bootstrap import bootstrap_trends as trends_of
from heterodox.ensembles.pool import pool_from
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import read_table, write_table


def bootstrap_trends(
    spec: dict, dumps: list[Path], scores: Path, trends: Path, comparisons: Path, threads: int = 2
) -> None:
    """Trends of improvement against every metric of a pool on one shift, their differences, bootstrap intervals."""
    config = spec["config"]
    with open_dumps(dumps) as opened:
        tables = trends_of(opened, read_table(scores), pool_from(config), config["seed"], config["replicates"], threads)
    for table, path in zip(tables, (trends, comparisons), strict=True):
        table.insert(0, "pool", spec["wildcards"]["pool"])
        table.insert(1, "shift", spec["wildcards"]["shift"])
        write_table(table, path)


if __name__ == "__main__":
    command.run(bootstrap_trends)
