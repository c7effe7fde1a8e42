"""How well scores put positive cases before negative ones."""

import numpy as np

from heterodox.metrics.trends import weighted_ranks


def area_under_roc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the area under the ROC curve in [0, 1], higher = better, 0.5 = guessing; NaN without both kinds.

    The chance that a positive case (n,) has the larger score, ties counting half. A case counts `weights` times.
    """
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, float)
    ahead, behind = float(weights[positive].sum()), float(weights[~positive].sum())
    if ahead == 0 or behind == 0:
        return float("nan")
    ranks = weighted_ranks(np.asarray(scores, float), weights)
    return float((weights[positive] @ ranks[positive] - ahead * (ahead + 1) / 2) / (ahead * behind))


def mean_area_under_roc(scores: np.ndarray, truths: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the area under the ROC curve of each output (outputs,), from scores and bool truths (n, outputs)."""
    return np.array([area_under_roc(own, true, weights) for own, true in zip(scores.T, truths.T, strict=True)])
