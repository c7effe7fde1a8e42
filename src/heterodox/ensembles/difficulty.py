"""Difficulty functions of families of members, streamed from the dumps, with a bootstrap over members and images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.ensembles.chunks import in_order, rows_per_chunk
from heterodox.errors import UserError
from heterodox.metrics.difficulty import Coincidence, coincidence, pair_weights
from heterodox.storage.dumps import DumpFile
from heterodox.streams import stream

STATISTICS = (*Coincidence._fields, "versus_within")
MOST_ROWS = 2048  # of a chunk: its images' weights in every replicate are in memory together


def failures(dumps: Sequence[DumpFile], threads: int = 2) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first row, failed (m, n) uint8) for every chunk: 1 where a member's top class is not the label."""
    if not dumps or not len(dumps[0]):
        raise UserError(f"{dumps[0].path if dumps else 'dumps'}: no images; dump a shift that has some")

    def work(start: int, stop: int) -> tuple[int, np.ndarray]:
        tops = np.stack([dump.logits(start, stop).argmax(axis=1) for dump in dumps])
        return start, (tops != dumps[0].labels[start:stop]).view(np.uint8)

    rows = min(MOST_ROWS, rows_per_chunk(4 * dumps[0].class_count))
    return in_order(work, len(dumps[0]), rows, threads)


@dataclass
class JointFailures:
    """Images on which two members both fail: `counts` (m, m), and in B replicates `drawn` (B, m, m) of `images` (B,).

    `failing` holds, by pair of families, how many images so many members of each fail on, (a + 1, b + 1).
    """

    counts: np.ndarray
    drawn: np.ndarray
    images: np.ndarray
    failing: dict[tuple[str, str], np.ndarray]

    def add(self, failed: np.ndarray, weights: np.ndarray) -> None:
        """Add a chunk: failures (m, n) and how often each replicate holds each image (B, n)."""
        exact = failed.astype(np.float32)  # whole numbers below 16 million
        self.counts += (exact @ exact.T).astype(np.int64)
        upper = np.triu_indices(len(failed))
        self.drawn[:, *upper] += weights @ (exact[upper[0]] * exact[upper[1]]).T
        self.images += weights.sum(axis=1)

    def count_failing(self, failed: np.ndarray, families: Mapping[str, Sequence[int]]) -> None:
        """Add a chunk to the joint histograms of how many members of two families fail."""
        many = {name: failed[list(places)].sum(axis=0, dtype=np.int64) for name, places in families.items()}
        for (first, second), grid in self.failing.items():
            np.add.at(grid, (many[first], many[second]), 1)

    def drawn_shares(self) -> np.ndarray:
        """Return the shares of each replicate's images, (B, m, m); `drawn` itself fills the upper triangle alone."""
        both = self.drawn + np.triu(self.drawn, 1).transpose(0, 2, 1)
        return both / np.maximum(self.images, 1)[:, None, None]


def joint_failures(
    dumps: Sequence[DumpFile], families: Mapping[str, Sequence[int]], seed: int, replicates: int, threads: int = 2
) -> JointFailures:
    """Stream the dumps once; `families` holds places in `dumps` by name."""
    m = len(dumps)
    sizes = {name: len(places) + 1 for name, places in families.items()}
    grids = {pair: np.zeros([sizes[name] for name in pair], np.int64) for pair in _pairs_of(families)}
    found = JointFailures(np.zeros((m, m), np.int64), np.zeros((replicates, m, m)), np.zeros(replicates), grids)
    for start, failed in failures(dumps, threads):
        index = dumps[0].index[start : start + failed.shape[1]]
        found.add(failed, image_weights(seed, index, replicates))
        found.count_failing(failed, families)
    return found


def _pairs_of(families: Mapping[str, Sequence[int]]) -> list[tuple[str, str]]:
    return list(combinations_with_replacement(families, 2))


def family_draws(seed: int, family: str, places: Sequence[int], m: int, replicate: int) -> tuple[np.ndarray, int]:
    """Return how often a replicate holds each of the m members (m,), and how many draws were repeated.

    As many members as the family has are drawn from it with replacement; at least two distinct ones, if it has them,
    as otherwise it would hold no pair.
    """
    generator = stream(seed, "bootstrap family", family, replicate)
    refused = 0
    while True:
        drawn = np.array(places)[generator.integers(0, len(places), len(places))]
        if len(set(drawn.tolist())) >= min(2, len(places)):
            return np.bincount(drawn, minlength=m), refused
        refused += 1


def measure(
    dumps: Sequence[DumpFile],
    families: Mapping[str, Sequence[int]],
    seed: int,
    replicates: int = 1000,
    threads: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of coincident failures, one row per pair of families, and the joint histograms.

    `families` holds places in `dumps` by name, no place twice. Each of `STATISTICS` has the percentile interval of a
    bootstrap over members within families and over images: `expected`, `independent`, `covariance` of
    `metrics.difficulty`, and `versus_within`, the expected coincident failure of two different methodologies minus
    the mean of those within each: negative where two methodologies fail together less often than one does with itself.
    A family with itself counts pairs of distinct members alone, so its values are unbiased; NaN for one member. Two
    members are one pair, so every replicate holds it and its interval is one over images alone.

    Joint histograms: one row per cell, `images` on which exactly so many members of the first and second family fail.
    """
    check_families(families, len(dumps))
    found = joint_failures(dumps, families, seed, replicates, threads)
    shares = found.drawn_shares()
    times = {name: np.bincount(list(places), minlength=len(dumps)) for name, places in families.items()}
    point = _statistics(found.counts / len(dumps[0]), times)
    values, redrawn = [], dict.fromkeys(families, 0)
    for b in range(replicates):
        for name, places in families.items():
            times[name], refused = family_draws(seed, name, places, len(dumps), b)
            redrawn[name] += refused
        values.append(_statistics(shares[b], times))
    intervals = np.percentile(np.array(values), PERCENTILES, axis=0)
    return _table(families, point, intervals, redrawn, len(dumps[0])), _histograms(found.failing)


def check_families(families: Mapping[str, Sequence[int]], m: int) -> None:
    """Refuse families that are empty, share a member or name a member that is not there."""
    places = [place for family in families.values() for place in family]
    empty = [name for name, family in families.items() if not len(family)]
    if not families or empty:
        raise UserError(f"families: {', '.join(empty) or 'none given'}: a family needs members; name some")
    if len(set(places)) < len(places):
        raise UserError("families: a member stands in them twice; a network comes from one methodology")
    if not 0 <= min(places) <= max(places) < m:
        raise UserError(f"families: a place outside the {m} dumps; correct it")


def _statistics(joint: np.ndarray, times: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the STATISTICS of all pairs of families, (pairs, 4)."""
    found = {
        (a, b): coincidence(joint, pair_weights(times[a], times[b])) for a, b in combinations_with_replacement(times, 2)
    }
    rows = []
    for (a, b), values in found.items():
        within = (found[a, a].expected + found[b, b].expected) / 2
        rows.append([*values, values.expected - within if a != b else float("nan")])
    return np.array(rows)


def _table(
    families: Mapping[str, Sequence[int]], point: np.ndarray, intervals: np.ndarray, redrawn: Mapping[str, int], n: int
) -> pd.DataFrame:
    rows = []
    for place, (first, second) in enumerate(_pairs_of(families)):
        row: dict[str, object] = {"first": first, "second": second}
        row |= {"first_members": len(families[first]), "second_members": len(families[second]), "images": n}
        for column, name in enumerate(STATISTICS):
            low, high = intervals[:, place, column]
            row |= {name: point[place, column], f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"redrawn": sum(redrawn[name] for name in {first, second})})
    return pd.DataFrame(rows)


def _histograms(failing: Mapping[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    rows = [
        {"first": first, "second": second, "first_failing": a, "second_failing": b, "images": int(count)}
        for (first, second), grid in failing.items()
        if first != second
        for (a, b), count in np.ndenumerate(grid)
    ]
    columns = ["first", "second", "first_failing", "second_failing", "images"]
    return pd.DataFrame(rows, columns=columns)
