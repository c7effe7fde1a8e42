"""Score every ensemble of the pruned members on one shift."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.pool import pool_from
from heterodox.ensembles.scoring import score
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import write_table


def score_pruned_pool(
    spec: dict, dumps: list[Path], descriptions: list[Path], scores: Path, pairs: Path, threads: int = 1
) -> None:
    """Write the ensembles of the pool of pruned members, and its pairs, on one shift."""
    pool = pool_from(spec["config"], descriptions)
    with open_dumps(dumps) as opened:
        tables = score(opened, pool, threads)
    for table, path in zip(tables, (scores, pairs), strict=True):
        table.insert(0, "pool", "pruned")
        table.insert(1, "shift", spec["wildcards"]["shift"])
        write_table(table, path)


if __name__ == "__main__":
    command.run(score_pruned_pool)
