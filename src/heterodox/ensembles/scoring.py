"""Score every ensemble of a pool on one shift: two tables, one row per (consensus, ensemble) and one per pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from heterodox.ensembles.attribution import pair_distances
from heterodox.ensembles.kernels import count as count_groups
from heterodox.ensembles.pool import GROUP_METRICS, PAIR_METRICS, Pool
from heterodox.ensembles.subsets import Subsets, ensemble_names
from heterodox.ensembles.verdicts import Verdicts, verdicts
from heterodox.metrics import diversity
from heterodox.metrics.consensus import log_softmax
from heterodox.metrics.diversity import PairCounts
from heterodox.storage.dumps import DumpFile


@dataclass
class Counts:
    """What is summed over images. Whole numbers, so that no result depends on how the images were cut into chunks.

    `member_right` (m,); `different`, `both_right` (p,); `right` (r, e); `groups` (r, 2, e, k + 1) as in
    `kernels.count`; `members_right` (e, k + 1) images that exactly so many members get right (zeros where no metric
    asks for it); `divergences` (2, p) sums of cosine and KL, float64 (likewise).
    """

    images: int
    member_right: np.ndarray
    different: np.ndarray
    both_right: np.ndarray
    right: np.ndarray
    groups: np.ndarray
    members_right: np.ndarray
    divergences: np.ndarray

    def add(self, other: "Counts") -> None:
        """Add another chunk's counts."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def pairs(self, subsets: Subsets) -> PairCounts:
        """Return the pairs' correctness counts, each (p,)."""
        first, second = self.member_right[subsets.pairs.T]
        both = self.both_right
        return PairCounts(both, first - both, second - both, self.images - first - second + both)


def count_chunk(chunk: Verdicts, subsets: Subsets, metrics: Sequence[str]) -> Counts:
    """Count one chunk of images."""
    first, second = subsets.pairs.T
    same = chunk.tops[first] == chunk.tops[second]
    groups = np.zeros((len(chunk.right), 2, len(subsets.ensembles), subsets.k + 1), np.int64)
    count_groups(same.view(np.uint8), subsets.pair_of, chunk.right, subsets.ensembles, groups)
    return Counts(
        images=len(chunk.labels),
        member_right=chunk.member_right.sum(axis=1, dtype=np.int64),
        different=(~same).sum(axis=1, dtype=np.int64),
        both_right=_both_right(chunk.member_right)[first, second],
        right=chunk.right.sum(axis=2, dtype=np.int64),
        groups=groups,
        members_right=_members_right(chunk.member_right, subsets, wanted=any(m in GROUP_METRICS for m in metrics)),
        divergences=_divergences(chunk.logits, subsets.pairs, wanted="cosine" in metrics or "kl" in metrics),
    )


def _both_right(member_right: np.ndarray) -> np.ndarray:
    exact = member_right.astype(np.float32)  # a chunk has fewer images than float32 has whole numbers
    return (exact @ exact.T).astype(np.int64)


def _members_right(member_right: np.ndarray, subsets: Subsets, wanted: bool) -> np.ndarray:
    counts = np.zeros((len(subsets.ensembles), subsets.k + 1), np.int64)
    if wanted:
        many = sum(member_right[places] for places in subsets.ensembles.T)
        for number in range(subsets.k + 1):
            counts[:, number] = (many == number).sum(axis=1)
    return counts


def _divergences(logits: np.ndarray, pairs: np.ndarray, wanted: bool) -> np.ndarray:
    """Return the sums over images of 1 - cos and of the two-way mean KL divergence, (2, p); see metrics.diversity."""
    sums = np.zeros((2, len(pairs)))
    first, second = pairs.T
    for image in range(logits.shape[1] if wanted else 0):
        log_p = log_softmax(logits[:, image])
        p = np.exp(log_p)
        inner, cross = p @ p.T, p @ log_p.T
        lengths, own = np.sqrt(np.diag(inner)), np.diag(cross)
        sums[0] += 1 - (inner / np.outer(lengths, lengths))[first, second]
        sums[1] += ((own[:, None] + own[None] - cross - cross.T) / 2)[first, second]
    return sums


def score(dumps: Sequence[DumpFile], pool: Pool, threads: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of ensembles and the table of pairs; `dumps` are open and follow `pool.members`.

    Every dump is read once, whatever the number of ensembles; memory depends on the pool, not on the images.
    Improvement is accuracy minus `top_accuracy`, the accuracy of the ensemble's own best member on the same images.
    What is not defined or not known is NaN.
    """
    subsets = pool.subsets()
    counts = _counted(dumps, pool, subsets, threads)
    distances = _mean_distances(dumps, pool, subsets, threads)
    pairs = _pair_measures(counts, subsets, pool.metrics)
    ensembles = _shared_columns(pool, subsets, counts, pairs, distances)
    rows = [_consensus_rows(name, r, counts, ensembles) for r, name in enumerate(pool.consensus)]
    extra = [name for name in (*PAIR_METRICS, *GROUP_METRICS) if name in pool.metrics]
    return pd.concat(rows, ignore_index=True)[[*ENSEMBLE_COLUMNS, *extra]], _pair_table(pool, subsets, pairs, distances)


ENSEMBLE_COLUMNS = [
    "consensus",
    "k",
    "ensemble",
    "accuracy",
    "top_accuracy",
    "improvement",
    "disagreement",
    "label_disagreement",
    "equitability_correct",
    "equitability_incorrect",
    "attribution_diversity",
    "attribution_diversity_none",
    "mean_member_accuracy",
    "mean_member_accuracy_validation",
    "parameters",
]


def _counted(dumps: Sequence[DumpFile], pool: Pool, subsets: Subsets, threads: int) -> Counts:
    with_logits = bool({"cosine", "kl"} & set(pool.metrics))
    count = partial(count_chunk, subsets=subsets, metrics=pool.metrics)
    chunks = verdicts(dumps, subsets, pool.consensus, count, threads, with_logits)
    total = next(chunks)
    for counts in chunks:
        total.add(counts)
    return total


def _mean_distances(dumps: Sequence[DumpFile], pool: Pool, subsets: Subsets, threads: int) -> np.ndarray:
    """Return the pairs' squared map distances, mean over images, (2, p): as the pool normalises, and unscaled."""
    total = np.zeros((2, len(subsets.pairs)))
    for _, distances in pair_distances(dumps, subsets.pairs, pool.method, (pool.normalise, "none"), threads):
        total += distances.sum(axis=1)
    return total / len(dumps[0])


def _pair_measures(counts: Counts, subsets: Subsets, metrics: Sequence[str]) -> dict[str, np.ndarray]:
    """Return every pairwise measure that is wanted, (p,) each."""
    correctness = counts.pairs(subsets)
    measures = {
        "disagreement": diversity.disagreement(correctness),
        "label_disagreement": counts.different / counts.images,
        "q_statistic": diversity.q_statistic(correctness),
        "rho": diversity.rho(correctness),
        "cosine": counts.divergences[0] / counts.images,
        "kl": counts.divergences[1] / counts.images,
    }
    return {name: values for name, values in measures.items() if name not in PAIR_METRICS or name in metrics}


def _shared_columns(
    pool: Pool, subsets: Subsets, counts: Counts, pairs: dict[str, np.ndarray], distances: np.ndarray
) -> pd.DataFrame:
    """Return the columns that do not depend on the consensus, one row per ensemble."""
    own = counts.member_right[subsets.ensembles]
    spread = distances[:, subsets.ensemble_pairs].sum(axis=2) / subsets.k**2
    parameters, validation = (_by_place(facts, pool.members) for facts in (pool.parameters, pool.validation_accuracy))
    columns: dict[str, object] = {
        "k": subsets.k,
        "ensemble": ensemble_names(pool.members, subsets.ensembles),
        "top_accuracy": own.max(axis=1) / counts.images,
        "attribution_diversity": spread[0],
        "attribution_diversity_none": spread[1],
        "mean_member_accuracy": own.sum(axis=1) / (subsets.k * counts.images),
        "mean_member_accuracy_validation": validation[subsets.ensembles].mean(axis=1),
        # Whole numbers that may be missing: the nullable type keeps them free of a decimal point.
        "parameters": pd.array(parameters[subsets.ensembles].sum(axis=1), "Int64"),
    }
    columns |= {name: values[subsets.ensemble_pairs].mean(axis=1) for name, values in pairs.items()}
    columns |= {name: GROUP_METRICS[name](counts.members_right) for name in pool.metrics if name in GROUP_METRICS}
    return pd.DataFrame(columns)


def _by_place(facts: Mapping[str, float] | None, members: Sequence[str]) -> np.ndarray:
    return np.array([(facts or {}).get(name, np.nan) for name in members], np.float64)


def _consensus_rows(name: str, r: int, counts: Counts, ensembles: pd.DataFrame) -> pd.DataFrame:
    right = counts.right[r]
    wrong_groups, right_groups = counts.groups[r]
    top = np.rint(ensembles["top_accuracy"].to_numpy() * counts.images)
    return ensembles.assign(
        consensus=name,
        accuracy=right / counts.images,
        improvement=(right - top) / counts.images,
        equitability_correct=diversity.mean_equitability(right_groups, right),
        equitability_incorrect=diversity.mean_equitability(wrong_groups, counts.images - right),
    )


def _pair_table(pool: Pool, subsets: Subsets, pairs: dict[str, np.ndarray], distances: np.ndarray) -> pd.DataFrame:
    first, second = subsets.pairs.T
    names = np.array(pool.members, object)
    table = {"first": names[first], "second": names[second]}
    for name in ("disagreement", "label_disagreement"):
        table[name] = pairs[name]
    table["attribution_distance"], table["attribution_distance_none"] = distances
    return pd.DataFrame(table | {name: values for name, values in pairs.items() if name not in table})
