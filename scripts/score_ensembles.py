"""Score every ensemble of a pool on one shift."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.pool import pool_from
from heterodox.ensembles.scoring import score
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import write_table


def score_ensembles(
    spec: dict, dumps: list[Path], descriptions: list[Path], scores: Path, pairs: Path, threads: int = 2
) -> None:
    """Score every ensemble of a pool on one shift: from the members' dumps to a table of ensembles and one of pairs."""
    pool = pool_from(spec["config"], descriptions)
    with open_dumps(dumps) as opened:
        tables = score(opened, pool, threads)
    for table, path in zip(tables, (scores, pairs), strict=True):
        table.insert(0, "pool", spec["wildcards"]["pool"])
        table.insert(1, "shift", spec["wildcards"]["shift"])
        write_table(table, path)


if __name__ == "__main__":
    command.run(score_ensembles)
