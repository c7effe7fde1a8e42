"""One row per member and shift: its description, its accuracies and their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.metrics.accuracy import top_k_accuracy
from heterodox.storage.dumps import DumpFile

BATCH_BYTES = 64 * 2**20
DESCRIBED = ["member", "arch", "class", "approach", "parameters"]


def member_row(description: Mapping[str, Any], shift: str, dump: DumpFile) -> dict[str, Any]:
    """Return one row of members.csv: description, shift, top1, top5, images, top1_low, top1_high.

    description: of `DESCRIBED`, the class and approach from the config and the rest from the member's own description.
    Accuracies are shares of the images, 0 to 1, higher = better; top5 is missing below six classes, where it would be
    1 whatever the member says. top1_low and top1_high enclose the 95 % Wilson interval. Raises UserError where the
    dump says that it belongs to another member or shift.
    """
    for name, expected in (("member", description["member"]), ("shift", shift)):
        found = dump.attributes.get(name, expected)
        if found != expected:
            raise UserError(f"{dump.path}: is a dump of the {name} '{found}', not '{expected}'; correct its path")
    top1, top5 = accuracies(dump, (1, 5))
    low, high = binomial_interval(top1, len(dump))
    return {
        **{name: description.get(name) for name in DESCRIBED},
        "shift": shift,
        "top1": top1,
        "top5": top5 if dump.class_count > 5 else None,
        "images": len(dump),
        "top1_low": low,
        "top1_high": high,
    }


def accuracies(dump: DumpFile, ks: Sequence[int]) -> list[float]:
    """Return, for each k, the share of a dump's images whose label is among the k largest logits.

    A k above the number of classes counts as that number. The dump is read once, 64 MiB at a time.
    """
    if not len(dump):
        raise UserError(f"{dump.path}: holds no images; dump the member again")
    rows = max(1, BATCH_BYTES // (4 * dump.class_count))
    hits = np.zeros(len(ks))
    for start in range(0, len(dump), rows):
        labels, logits = dump.labels[start : start + rows], dump.logits(start, start + rows)
        shares = [top_k_accuracy(logits, labels, min(k, dump.class_count)) for k in ks]
        hits += np.array(shares) * len(labels)
    return [round(hit) / len(dump) for hit in hits]


def binomial_interval(share: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's score interval of a share observed in `count` independent trials, 95 % by default, in 0..1."""
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)
