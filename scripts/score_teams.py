"""Score every team as one ensemble on one shift."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.pool import pool_from
from heterodox.ensembles.scoring import score
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import write_table


def score_teams(spec: dict, dumps: list[Path], descriptions: list[Path], scores: Path, threads: int = 2) -> None:
    """Score all teams of a study on one shift.

    The spec's config holds the `pools`, one per training of a team, and the `labels` that stand before its scores.
    Dumps lie in folders with their member's name, descriptions have it: the order of pools in the spec is the names'.
    """
    dump_of, description_of = {path.parent.name: path for path in dumps}, {path.stem: path for path in descriptions}
    parts = []
    for name, entry in spec["config"]["pools"].items():
        members = entry["pool"]["members"]
        with open_dumps([dump_of[member] for member in members]) as opened:
            part, _ = score(opened, pool_from(entry, [description_of[member] for member in members]), threads)
        for place, (label, value) in enumerate(spec["config"]["labels"][name].items()):
            part.insert(place, label, value)
        part.insert(len(spec["config"]["labels"][name]), "shift", spec["wildcards"]["shift"])
        parts.append(part)
    write_table(pd.concat(parts, ignore_index=True), scores)


if __name__ == "__main__":
    command.run(score_teams)
