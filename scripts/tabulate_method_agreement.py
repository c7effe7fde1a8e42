"""Tell how well the methods of explanation agree about pairs of members."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.method_agreement import KEYS, agreement
from heterodox.storage.tables import read_table, write_table


def tabulate_method_agreement(spec: dict, scores: Path, pairs: Path, table: Path) -> None:
    """Write the pairs' mean scores and the correlations between methods; the spec's config: `seed`, `replicates`."""
    config = spec["config"]
    tables = agreement(read_table(scores, KEYS), config["seed"], config["replicates"])
    for found, path in zip(tables, (pairs, table), strict=True):
        write_table(found, path)


if __name__ == "__main__":
    command.run(tabulate_method_agreement)
