"""Trends of improvement against a metric and what they differ by, with intervals from one bootstrap.

Ensembles share members, so they are not independent points: what is drawn again are the members and the images.
A replicate gives every member the number of times it was drawn and an ensemble of distinct members the product of
its members' numbers; every image gets a Poisson(1) number. See the resilience study's settled points.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from heterodox.ensembles.attribution import pair_distances
from heterodox.ensembles.pool import Pool
from heterodox.ensembles.subsets import Subsets, ensemble_names
from heterodox.ensembles.verdicts import Verdicts, verdicts
from heterodox.errors import UserError
from heterodox.metrics.trends import UNDEFINED, Trend, is_constant, trend
from heterodox.storage.dumps import DumpFile
from heterodox.streams import stream

METRICS = (
    "attribution_diversity",
    "attribution_diversity_none",
    "disagreement",
    "mean_member_accuracy",
    "mean_member_accuracy_validation",
)
STATISTICS = (*Trend._fields, "share_above_zero")
LEVELS = ("share_above_zero", "mean_improvement", "largest_improvement")
# Correlations of improvement whose difference the study asks for.
COMPARED_METRICS = (
    ("attribution_diversity", "disagreement"),
    ("attribution_diversity_none", "disagreement"),
    ("mean_member_accuracy", "attribution_diversity"),
    ("mean_member_accuracy_validation", "attribution_diversity"),
)
COMPARED_STATISTICS = ("pearson", "spearman")
Draws = Callable[[], Iterator[np.ndarray]]  # of members, as weights of the ensembles
PERCENTILES = (2.5, 97.5)
MOST_DRAWS = 1000  # of members for one replicate
MOST_LOST = 0.05  # share of replicates that may stay without a trend before the interval is left out


@dataclass
class Sums:
    """Weighted sums over images for B replicates, one row each.

    `images` (B,) float64; `member_right` (B, m), `different_right` (B, p), `right` (r, B, e) float32, which holds
    whole numbers exactly up to 16 million; `distances` (2, B, p) float64.
    """

    images: np.ndarray
    member_right: np.ndarray
    different_right: np.ndarray
    right: np.ndarray
    distances: np.ndarray


def poisson_ones(uniform: np.ndarray) -> np.ndarray:
    """Turn uniform numbers into Poisson(1) ones, one by one, by inverting the distribution function; float32."""
    steps = np.cumsum(np.exp(-1) / np.cumprod([1, *range(1, 20)]))
    return np.searchsorted(steps, uniform, side="right").astype(np.float32)


def image_weights(seed: int, index: np.ndarray, replicates: int) -> np.ndarray:
    """Return how often each replicate holds each image, (B, n) float32.

    A number depends on the seed, the image's identity and the replicate alone: shifts of the same images are drawn
    alike, and neither chunks nor more replicates change it.
    """
    uniform = [stream(seed, "bootstrap images", identity).random(replicates) for identity in index.tolist()]
    return poisson_ones(np.array(uniform).reshape(len(index), replicates).T)


def weighted_sums(
    dumps: Sequence[DumpFile],
    pool: Pool,
    subsets: Subsets,
    seed: int,
    replicates: int,
    threads: int = 2,
) -> Sums:
    """Stream the dumps once and sum over images with every replicate's weights."""
    shapes = (len(dumps), len(subsets.pairs), len(subsets.ensembles))
    members, pairs, right = (np.zeros((replicates, size), np.float32) for size in shapes)
    sums = Sums(
        np.zeros(replicates), members, pairs, np.repeat(right[None], len(pool.consensus), axis=0),
        np.zeros((2, replicates, len(subsets.pairs))),
    )  # fmt: skip
    index = dumps[0].index
    for chunk in verdicts(dumps, subsets, pool.consensus, lambda chunk: chunk, threads):
        weights = image_weights(seed, index[chunk.start : chunk.start + len(chunk.labels)], replicates)
        _add_verdicts(sums, weights, chunk, subsets)
    normalisations = (pool.normalise, "none")
    for start, distances in pair_distances(dumps, subsets.pairs, pool.method, normalisations, threads):
        weights = image_weights(seed, index[start : start + distances.shape[1]], replicates)
        sums.distances += weights.astype(np.float64) @ distances
    return sums


def _add_verdicts(sums: Sums, weights: np.ndarray, chunk: Verdicts, subsets: Subsets) -> None:
    first, second = subsets.pairs.T
    member_right = chunk.member_right.astype(np.float32)
    sums.images += weights.sum(axis=1)
    sums.member_right += weights @ member_right.T
    sums.different_right += weights @ np.abs(member_right[first] - member_right[second]).T
    for total, right in zip(sums.right, chunk.right, strict=True):
        total += weights @ right.astype(np.float32).T


def replicate_values(sums: Sums, b: int, subsets: Subsets) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return replicate b's improvements (r, e) and its metrics by name (e,); the validation accuracy is not drawn."""
    images = max(sums.images[b], 1)
    own = sums.member_right[b].astype(np.float64)[subsets.ensembles]
    improvement = (sums.right[:, b] - own.max(axis=1)) / images
    within, k = subsets.ensemble_pairs, subsets.k
    scaled, unscaled = sums.distances[:, b][:, within].sum(axis=2) / (k**2 * images)
    disagreement = sums.different_right[b].astype(np.float64)[within].sum(axis=1) / (within.shape[1] * images)
    return improvement, {
        "attribution_diversity": scaled,
        "attribution_diversity_none": unscaled,
        "disagreement": disagreement,
        "mean_member_accuracy": own.sum(axis=1) / (k * images),
    }


def ensemble_weights(seed: int, replicate: int, m: int, ensembles: np.ndarray) -> Iterator[np.ndarray]:
    """Yield draw after draw of m members with replacement, as weights of the ensembles (e,)."""
    generator = stream(seed, "bootstrap members", replicate)
    while True:
        times = np.bincount(generator.integers(0, m, m), minlength=m)
        yield times[ensembles].prod(axis=1)


def _replicate_trend(
    x: np.ndarray, y: np.ndarray, present: np.ndarray, draws: Iterator[np.ndarray]
) -> tuple[np.ndarray | None, int]:
    """Return a replicate's STATISTICS, or None where no draw of members gives them, and the number of draws refused."""
    x, y = x[present], y[present]
    if is_constant(x) or is_constant(y):
        return None, 0
    for refused in range(MOST_DRAWS):
        weights = next(draws)[present]
        found = trend(x, y, weights)
        if not np.isnan(found.slope):
            return np.array([*found, _share_above_zero(y, weights)]), refused
    return None, MOST_DRAWS


def _share_above_zero(y: np.ndarray, weights: np.ndarray | None = None) -> float:
    return float(np.average(y > 0, weights=weights)) if len(y) else float("nan")


def _levels(y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the LEVELS of improvements (e,); an ensemble without weight is not there."""
    weights = np.ones(len(y)) if weights is None else weights
    return np.array([_share_above_zero(y, weights), np.average(y, weights=weights), y[weights > 0].max()])


def _intervals(found: np.ndarray) -> np.ndarray:
    """Return the percentiles (2, s) of replicates (B, s), lost ones NaN; NaN where too many are lost."""
    kept = found[~np.isnan(found).any(axis=1)]
    if not len(kept) or len(kept) < (1 - MOST_LOST) * len(found):
        return np.full((2, found.shape[1]), np.nan)
    return np.percentile(kept, PERCENTILES, axis=0)


class _Replicates:
    """The replicates' statistics of one (consensus, metric), gathered one by one."""

    def __init__(self, scores: pd.DataFrame, metric: str, present: np.ndarray) -> None:
        self._metric = metric
        self._x, self._y = (scores[name].to_numpy(np.float64) for name in (metric, "improvement"))
        self._present = present
        slopes = trend(self._x[present], self._y[present]) if present.any() else UNDEFINED
        self.point = np.array([*slopes, _share_above_zero(self._y[present])])
        self.n = int(present.sum())
        self._found: list[np.ndarray] = []
        self._redrawn = 0

    def add(self, improvement: np.ndarray, metrics: Mapping[str, np.ndarray], draws: Iterator[np.ndarray]) -> None:
        """Add a replicate; a metric that is not drawn over images keeps its plain values."""
        if np.isnan(self.point[0]):
            return
        x = metrics.get(self._metric, self._x)
        statistics, refused = _replicate_trend(x, improvement, self._present, draws)
        self._redrawn += refused
        self._found.append(np.full(len(STATISTICS), np.nan) if statistics is None else statistics)

    @property
    def found(self) -> np.ndarray:
        """Return the replicates' STATISTICS (B, s), NaN for a lost one; none where there is no trend."""
        return np.array(self._found).reshape(-1, len(STATISTICS))

    def row(self) -> dict[str, float | int]:
        """Return n, the estimates with their intervals, and the draws refused."""
        columns: dict[str, float | int] = {"n": self.n}
        for name, value, low, high in zip(STATISTICS, self.point, *_intervals(self.found), strict=True):
            columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
        return columns | {"redrawn": self._redrawn}


class _Gathered:
    """Everything that is gathered replicate by replicate: trends, and the levels of improvement by consensus."""

    def __init__(self, scores: pd.DataFrame, pool: Pool) -> None:
        self.by_consensus = {name: scores[scores["consensus"] == name] for name in pool.consensus}
        self.present = {name: values.notna() for name, values in next(iter(self.by_consensus.values())).items()}
        self.trends: dict[tuple[str, str, bytes], _Replicates] = {}
        self.levels: dict[str, list[np.ndarray]] = {name: [] for name in pool.consensus}
        for consensus in pool.consensus:
            for metric in METRICS:
                self.trend_of(consensus, metric)
            for first, second in COMPARED_METRICS:
                self.compared(consensus, first, second)

    def trend_of(self, consensus: str, metric: str, other: str | None = None) -> _Replicates:
        """Return the trend of a metric over the ensembles that have it, and the `other` metric too."""
        present = (self.present[metric] & self.present[other or metric]).to_numpy()
        key = (consensus, metric, present.tobytes())
        if key not in self.trends:
            self.trends[key] = _Replicates(self.by_consensus[consensus], metric, present)
        return self.trends[key]

    def compared(self, consensus: str, first: str, second: str) -> tuple[_Replicates, _Replicates]:
        """Return the trends of two metrics over the same ensembles."""
        return self.trend_of(consensus, first, second), self.trend_of(consensus, second, first)

    def add(self, improvements: Mapping[str, np.ndarray], metrics: Mapping[str, np.ndarray], draws: Draws) -> None:
        """Add a replicate; `draws` starts the replicate's draws of members anew."""
        for (consensus, _, _), gathered in self.trends.items():
            gathered.add(improvements[consensus], metrics, draws())
        weights = next(drawn for drawn in draws() if drawn.any())
        for consensus, levels in self.levels.items():
            levels.append(_levels(improvements[consensus], weights))


def _difference_rows(gathered: _Gathered, consensus: str, names: tuple[str, str]) -> Iterator[dict[str, object]]:
    first, second = gathered.compared(consensus, *names)
    both = len(first.found) == len(second.found)
    lows, highs = _intervals(first.found - second.found if both else first.found[:0])
    for place, statistic in enumerate(STATISTICS):
        if statistic in COMPARED_STATISTICS:
            value = first.point[place] - second.point[place]
            row = {"statistic": statistic, "consensus": consensus, "first": names[0], "second": names[1]}
            yield row | {"n": first.n, "value": value, "low": lows[place], "high": highs[place]}


def _level_rows(gathered: _Gathered, consensus: str, reference: str) -> Iterator[dict[str, object]]:
    """Yield the levels of a consensus and, unless it is the reference itself, how far they lie above its levels."""
    points = {name: _levels(scores["improvement"].to_numpy()) for name, scores in gathered.by_consensus.items()}
    own = {"consensus": consensus, "first": None, "second": None}
    parts = [(own, points[consensus], np.array(gathered.levels[consensus]))]
    if consensus != reference:
        names = {"consensus": None, "first": consensus, "second": reference}
        both = np.array(gathered.levels[consensus]) - np.array(gathered.levels[reference])
        parts.append((names, points[consensus] - points[reference], both))
    for names, point, found in parts:
        for statistic, value, low, high in zip(LEVELS, point, *_intervals(found), strict=True):
            n = len(gathered.by_consensus[consensus])
            yield {"statistic": statistic, **names, "n": n, "value": value, "low": low, "high": high}


def bootstrap_trends(
    dumps: Sequence[DumpFile],
    scores: pd.DataFrame,
    pool: Pool,
    seed: int,
    replicates: int = 1000,
    threads: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the trends, one row per (consensus, metric), and the comparisons; all intervals are 95 %.

    `scores` is the table of ensembles that `scoring.score` made from the same dumps; the estimates come from it, the
    intervals (2.5th and 97.5th percentile) from the replicates. A trend's `n` counts the ensembles that have the
    metric, `redrawn` the draws of members that left no trend and were repeated. The members' accuracy on the validation
    split is not drawn over images. Missing (NaN) where improvement or metric is constant.

    Comparisons, one row per statistic, are differences first - second within the same replicates: between the
    correlations of improvement with two metrics, over the ensembles that have both, and between the levels of
    improvement of each consensus and the pool's first one. Rows without first and second are the levels themselves:
    share of ensembles above zero, mean and largest improvement (as shares of images).
    """
    subsets = pool.subsets()
    _check_scores(scores, pool, subsets)
    gathered = _Gathered(scores, pool)
    sums = weighted_sums(dumps, pool, subsets, seed, replicates, threads)
    for b in range(replicates):
        improvements, metrics = replicate_values(sums, b, subsets)
        by_consensus = dict(zip(pool.consensus, improvements, strict=True))
        gathered.add(by_consensus, metrics, partial(ensemble_weights, seed, b, len(dumps), subsets.ensembles))
    trends = [
        {"consensus": consensus, "k": pool.k, "metric": metric, **gathered.trend_of(consensus, metric).row()}
        for consensus in pool.consensus
        for metric in METRICS
    ]
    return pd.DataFrame(trends), _comparisons(gathered, pool)


def _comparisons(gathered: _Gathered, pool: Pool) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for consensus in pool.consensus:
        rows += _level_rows(gathered, consensus, pool.consensus[0])
        for names in COMPARED_METRICS:
            rows += _difference_rows(gathered, consensus, names)
    return pd.DataFrame([{"k": pool.k, **row} for row in rows])


def _check_scores(scores: pd.DataFrame, pool: Pool, subsets: Subsets) -> None:
    names = ensemble_names(pool.members, subsets.ensembles)
    for consensus in pool.consensus:
        if scores.loc[scores["consensus"] == consensus, "ensemble"].tolist() != names:
            raise UserError(f"scores: the rows of '{consensus}' are not the ensembles of this pool; score it again")
