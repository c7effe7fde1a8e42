"""How an ensemble decides: logits of k members in, one class per image out.

Every function takes `logits` (k, n, classes) and returns (n,) integers. Sums run in float64; among equal scores
the lowest class index wins. Resilience study, sections 4.2 and 4.3.
"""

from collections.abc import Callable

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the natural logarithm of the softmax over the last axis, float64."""
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def mean_logit(logits: np.ndarray) -> np.ndarray:
    """Class of the highest mean logit: the paper's averaging."""
    return np.asarray(logits, np.float64).mean(axis=0).argmax(axis=-1)


def mean_probability(logits: np.ndarray) -> np.ndarray:
    """Class of the highest mean softmax probability."""
    return np.exp(log_softmax(logits)).mean(axis=0).argmax(axis=-1)


def median_logit(logits: np.ndarray) -> np.ndarray:
    """Class of the highest median logit; for even k the mean of the two middle ones."""
    return np.median(np.asarray(logits, np.float64), axis=0).argmax(axis=-1)


def geometric_mean(logits: np.ndarray) -> np.ndarray:
    """Class of the highest geometric mean of the probabilities.

    Its logarithm is the mean logit minus a number per image, so but for rounding it decides as `mean_logit` does.
    """
    return log_softmax(logits).mean(axis=0).argmax(axis=-1)


def majority_vote(logits: np.ndarray) -> np.ndarray:
    """Class with the most votes; among tied classes the one with the highest mean logit, then the lowest index."""
    scores = np.asarray(logits, np.float64).mean(axis=0)
    votes = np.zeros(scores.shape, np.int64)
    for member in logits:
        votes[np.arange(len(votes)), member.argmax(axis=-1)] += 1
    tied = votes == votes.max(axis=-1, keepdims=True)
    return np.where(tied, scores, -np.inf).argmax(axis=-1)


CONSENSUS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    function.__name__: function
    for function in (mean_logit, mean_probability, median_logit, geometric_mean, majority_vote)
}
