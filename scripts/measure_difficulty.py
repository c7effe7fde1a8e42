"""Measure the difficulty functions of families of members on every shift, and how they vary together."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.difficulty import measure
from heterodox.errors import UserError
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import write_table


def measure_difficulty(spec: dict, dumps: list[Path], table: Path, joint: Path, threads: int = 2) -> None:
    """Write difficulty.csv and its joint histograms.

    The spec's config holds the `families` (members by name), the `shifts`, `seed` and `replicates`; the dumps come
    family by family and member by member, each on all shifts.
    """
    config = spec["config"]
    members = [member for family in config["families"].values() for member in family]
    shifts = config["shifts"]
    if len(dumps) != len(members) * len(shifts):
        raise UserError(
            f"--dumps: {len(dumps)} files for {len(members)} members on {len(shifts)} shifts; give one each"
        )
    families = {name: [members.index(member) for member in family] for name, family in config["families"].items()}
    parts = []
    for place, shift in enumerate(shifts):
        with open_dumps(dumps[place :: len(shifts)]) as opened:
            parts.append(measure(opened, families, config["seed"], config["replicates"], threads))
        for part in parts[-1]:
            part.insert(0, "shift", shift)
    for tables, path in zip(zip(*parts, strict=True), (table, joint), strict=True):
        write_table(pd.concat(tables, ignore_index=True), path)


if __name__ == "__main__":
    command.run(measure_difficulty)
