"""Compare members that differ in one thing, image by image, and one member with itself on clean images."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.matched_pairs import drawn_accuracies, drops, pair_differences
from heterodox.errors import UserError
from heterodox.storage.atomic import write_text
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages
from heterodox.tables.single_models import COLUMNS, matched_pairs

NOTE = (
    "Top-1 accuracy of the first member minus the second's on the same images, as shares; rows without names are the "
    "mean of their comparison's pairs. Intervals are 95 %, from a paired bootstrap over images."
)


def compare_matched_pairs(
    spec: dict, members: Path, dumps: list[Path], table: Path, page: Path, threads: int = 2
) -> None:
    """Write matched_pairs.csv and its page: differences of top-1 accuracy with paired bootstrap intervals over images.

    The spec's config holds `members`, `shifts` (clean first), the `baseline` member whose drop is told, `seed` and
    `replicates`; the dumps come member by member, each on all shifts. Pairs are found by the labels in members.csv.
    """
    config = spec["config"]
    names, shifts, known = config["members"], config["shifts"], read_table(members, COLUMNS)
    if len(dumps) != len(names) * len(shifts):
        raise UserError(f"--dumps: {len(dumps)} files for {len(names)} members on {len(shifts)} shifts; give one each")
    pairs, baseline = matched_pairs(known[known["member"].isin(names)]), config["baseline"]
    parts = []
    for place, shift in enumerate(shifts):
        with open_dumps(dumps[place :: len(shifts)]) as opened:
            accuracies = drawn_accuracies(opened, config["seed"], config["replicates"], threads)
        parts.append(pair_differences(names, accuracies, pairs).assign(shift=shift))
        if shift == "clean":
            clean = accuracies
        elif baseline in names:
            parts.append(drops(baseline, names.index(baseline), clean, accuracies).assign(shift=shift))
    whole = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    result = whole[["comparison", "shift", *whole.columns.drop(["comparison", "shift"])]]
    write_table(result, table)
    write_text(page, pages.page(result, "Matched pairs of members", NOTE))


if __name__ == "__main__":
    command.run(compare_matched_pairs)
