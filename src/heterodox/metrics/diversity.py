"""Diversity of an ensemble's members: in what they get right, in what they say, in where they look.

Names and formulas follow Kuncheva & Whitaker, "Measures of diversity in classifier ensembles" (2003), and the
resilience study, section 2.2. A quantity that is not defined on the data is NaN, never 0.
"""

from typing import NamedTuple

import numpy as np

from heterodox.metrics.consensus import log_softmax

NORMALISATIONS = ("l2", "sum", "rank", "none")


class PairCounts(NamedTuple):
    """How many images two members get right together, alone and not at all; numbers, or arrays of one shape."""

    both: np.ndarray
    only_first: np.ndarray
    only_second: np.ndarray
    neither: np.ndarray


def pair_counts(first: np.ndarray, second: np.ndarray) -> PairCounts:
    """Count the images by the correctness (n,) of two members."""
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    pairs = (first & second, first & ~second, ~first & second, ~first & ~second)
    return PairCounts(*(np.asarray(cell.sum(), np.int64) for cell in pairs))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    undefined = denominator == 0
    return np.where(undefined, np.nan, numerator / np.where(undefined, 1, denominator))


def disagreement(counts: PairCounts) -> np.ndarray:
    """Return the share of images that exactly one of two members gets right (Eq. 4), in [0, 1]; higher = diverse."""
    different = counts.only_first + counts.only_second
    return _ratio(different, different + counts.both + counts.neither)


def label_disagreement(first: np.ndarray, second: np.ndarray) -> float:
    """Return the share of images to which two members give different classes (n,), in [0, 1]; higher = more diverse."""
    return float(np.mean(first != second)) if len(first) else float("nan")


def _agreement(counts: PairCounts) -> tuple[np.ndarray, np.ndarray]:
    # Float64: products of counts leave the range of integers at a few billion images.
    both, first, second, neither = (np.asarray(count, np.float64) for count in counts)
    return both * neither, first * second


def q_statistic(counts: PairCounts) -> np.ndarray:
    """Return Yule's Q of two members' correctness, in [-1, 1], 0 if independent; lower = more diverse."""
    same, different = _agreement(counts)
    return _ratio(same - different, same + different)


def rho(counts: PairCounts) -> np.ndarray:
    """Return the correlation coefficient of two members' correctness, in [-1, 1]; lower = more diverse."""
    same, different = _agreement(counts)
    both, first, second, neither = (np.asarray(count, np.float64) for count in counts)
    variances = (both + first) * (second + neither) * (both + second) * (first + neither)
    return _ratio(same - different, np.sqrt(variances))


def right_histogram(correct: np.ndarray) -> np.ndarray:
    """Return how many images exactly 0..k members get right (k + 1,), from correctness (k, n)."""
    return np.bincount(np.asarray(correct, bool).sum(axis=0), minlength=len(correct) + 1)


def entropy(right: np.ndarray) -> np.ndarray:
    """Return the entropy measure E from histograms (..., k + 1), in [0, 1]; higher = more diverse.

    Mean over images of min(right, wrong) / (k - ceil(k / 2)).
    """
    k = right.shape[-1] - 1
    votes = np.arange(k + 1)
    weight = np.minimum(votes, k - votes) / (k - (k + 1) // 2)
    return _ratio(right @ weight, right.sum(axis=-1))


def coincident_failure_diversity(right: np.ndarray) -> np.ndarray:
    """Return the coincident failure diversity from histograms (..., k + 1); in [0, 1], higher = more diverse.

    Over the images on which someone fails: mean of (k - failures) / (k - 1). By definition 0 where nobody ever fails.
    """
    k = right.shape[-1] - 1
    failing = right[..., :k]
    failures = k - np.arange(k)
    value = _ratio(failing @ ((k - failures) / (k - 1)), failing.sum(axis=-1))
    nobody_fails = (failing.sum(axis=-1) == 0) & (right[..., k] > 0)
    return np.where(nobody_fails, 0.0, value)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean over images of 1 - cos of two members' softmax vectors, in [0, 1]; higher = more diverse.

    Takes logits (n, classes) twice.
    """
    p, q = np.exp(log_softmax(first)), np.exp(log_softmax(second))
    lengths = np.linalg.norm(p, axis=-1) * np.linalg.norm(q, axis=-1)
    return float(np.mean(1 - (p * q).sum(axis=-1) / lengths))


def kl(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Kullback-Leibler divergence in nats, mean of both directions and over images, >= 0.

    Higher = more diverse. Takes logits (n, classes) twice.
    """
    log_p, log_q = log_softmax(first), log_softmax(second)
    return float(np.mean(((np.exp(log_p) - np.exp(log_q)) * (log_p - log_q)).sum(axis=-1)) / 2)


def shannon_equitability(votes: np.ndarray) -> np.ndarray:
    """Return the Shannon equitability of each image's votes (Eq. 5, S = k), (n,), in [0, 1]; higher = more diverse.

    `votes` (k, n) are the members' classes. For k = 3 the values are 0, 0.579 and 1.
    """
    k = len(votes)
    sizes = (votes[:, None] == votes[None]).sum(axis=1)
    # A class with s votes is met s times, so the mean of ln(s / k) over members is the sum of p ln p over classes.
    return np.abs(np.log(sizes / k).mean(axis=0)) / np.log(k)


def mean_equitability(group_members: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the mean Shannon equitability over images from counts, in [0, 1]; higher = more diverse.

    `group_members` (..., k + 1): over these images, how many votes stood in a group of 0..k equal ones; `images` (...).
    NaN for no images.
    """
    k = group_members.shape[-1] - 1
    surprise = np.log(k / np.maximum(np.arange(k + 1), 1)) / np.log(k)
    return _ratio(group_members @ surprise, k * np.asarray(images))


def normalised_maps(maps: np.ndarray, normalise: str = "l2") -> np.ndarray:
    """Scale each attribution map (..., channels, H, W), float64.

    `l2` and `sum` divide by the norm and the sum, `rank` puts rank / size for every value (ties share their mean rank;
    higher value = higher rank). An all-zero map stays zero; `none` changes nothing.
    """
    maps = np.asarray(maps, np.float64)
    if normalise == "none":
        return maps
    flat = maps.reshape(*maps.shape[:-3], -1)
    if normalise == "rank":
        return np.apply_along_axis(_ranks, -1, flat).reshape(maps.shape)
    size = np.linalg.norm(flat, axis=-1) if normalise == "l2" else flat.sum(axis=-1)
    return maps / np.where(size > 0, size, 1)[..., None, None, None]


def _ranks(values: np.ndarray) -> np.ndarray:
    if not values.any():
        return np.zeros(len(values))
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[position] / len(values)


def attribution_diversity(maps: np.ndarray, normalise: str = "l2") -> float:
    """Return the attribution diversity (Eq. 7) of `maps` (k, n, channels, H, W); >= 0, higher = more diverse.

    Population variance over the k members, summed over channels and pixels, mean over images. With `l2` at most
    (k - 1) / k. NaN for no images.
    """
    if maps.shape[1] == 0:
        return float("nan")
    return float(normalised_maps(maps, normalise).var(axis=0).sum(axis=(-3, -2, -1)).mean())
