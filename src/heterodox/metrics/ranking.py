"""How well scores put positive cases before negative ones."""

import numpy as np

from heterodox.metrics.weighted_detection import weighted_auroc


def areas_under_roc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve for each of several weightings (B,), in [0, 1], higher = better.

    The chance that a positive case (n,) has the larger score, ties counting half; 0.5 = guessing. In weighting b a case
    counts `weights` (B, n) times; NaN where it leaves no case of either kind.
    """
    return weighted_auroc(scores[positive], scores[~positive], weights[:, positive], weights[:, ~positive])


def mean_areas_under_roc(scores: np.ndarray, truths: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return for each weighting (B,) the mean area under the ROC curve over outputs, each against the rest.

    From scores and bool truths (n, outputs) and weights (B, n). An output that all counted cases show, or none, is left
    out; NaN where that is every output.
    """
    found = np.array([areas_under_roc(own, true, weights) for own, true in zip(scores.T, truths.T, strict=True)])
    defined = np.isfinite(found)
    count = defined.sum(axis=0)
    return np.where(count > 0, np.where(defined, found, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
