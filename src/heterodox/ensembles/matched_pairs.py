"""Differences between single members on the same images, with a paired bootstrap over images."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.ensembles.difficulty import failures
from heterodox.storage.dumps import DumpFile

Pairs = Mapping[str, Sequence[tuple[str, str]]]


def drawn_accuracies(
    dumps: Sequence[DumpFile], seed: int, replicates: int, threads: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Return the members' top-1 accuracies (m,), and those of every bootstrap replicate over images (B, m).

    An image has the same weight in a replicate whatever the member and the shift, so differences are paired.
    """
    right, drawn = np.zeros(len(dumps)), np.zeros((replicates, len(dumps)))
    images = np.zeros(replicates)
    for start, failed in failures(dumps, threads):
        weights = image_weights(seed, dumps[0].index[start : start + failed.shape[1]], replicates)
        right += (1 - failed).sum(axis=1)
        drawn += weights @ (1 - failed.astype(np.float32)).T
        images += weights.sum(axis=1)
    return right / len(dumps[0]), drawn / np.maximum(images, 1)[:, None]


def pair_differences(members: Sequence[str], accuracies: tuple[np.ndarray, np.ndarray], pairs: Pairs) -> pd.DataFrame:
    """Return one row per pair of each comparison, first minus second, and one without names: the mean of its pairs.

    `accuracies` are those of `drawn_accuracies` for `members` on one shift. The intervals speak of other images, not
    of other networks. A comparison without pairs has no rows.
    """
    rows = []
    for comparison, named in pairs.items():
        values = [[part[..., members.index(a)] - part[..., members.index(b)] for part in accuracies] for a, b in named]
        for (a, b), (value, found) in zip(named, values, strict=True):
            rows.append(_row(comparison, a, b, 1, value, found))
        if values:
            point, drawn = (np.mean(parts, axis=0) for parts in zip(*values, strict=True))
            rows.append(_row(comparison, None, None, len(named), point, drawn))
    return pd.DataFrame(rows, columns=["comparison", "first", "second", "pairs", "difference", "low", "high"])


def drops(
    member: str, place: int, clean: tuple[np.ndarray, np.ndarray], shifted: tuple[np.ndarray, np.ndarray]
) -> pd.DataFrame:
    """Return one row: a member's accuracy on a shift minus its own on clean images, as `pair_differences` has it."""
    value, drawn = (part[..., place] - other[..., place] for part, other in zip(shifted, clean, strict=True))
    return pd.DataFrame([_row("shifted_minus_clean", member, member, 1, value, drawn)])


def _row(
    comparison: str, first: str | None, second: str | None, pairs: int, value: np.ndarray, drawn: np.ndarray
) -> dict[str, object]:
    low, high = np.percentile(drawn, PERCENTILES)
    names = {"comparison": comparison, "first": first, "second": second, "pairs": pairs}
    return names | {"difference": float(value), "low": float(low), "high": float(high)}
