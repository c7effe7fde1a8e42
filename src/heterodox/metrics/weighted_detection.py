"""The area under the ROC curve where images count several times: replicates of a bootstrap over images."""

import numpy as np


def weighted_auroc(
    known: np.ndarray, unknown: np.ndarray, known_weights: np.ndarray, unknown_weights: np.ndarray
) -> np.ndarray:
    """Return the AUROC (B,) in [0, 1] of B weightings, ties counted half; NaN where one side has no weight.

    known (n,), unknown (m,): scores, higher = more in-distribution. known_weights (B, n), unknown_weights (B, m): how
    often each replicate holds each image. With all weights 1 this is `metrics.detection.auroc`.
    """
    known, unknown = np.asarray(known, np.float64), np.asarray(unknown, np.float64)
    order = np.argsort(unknown, kind="stable")
    ordered = np.asarray(unknown_weights, np.float64)[:, order]
    below = np.concatenate([np.zeros((len(ordered), 1)), np.cumsum(ordered, axis=1)], axis=1)
    left, right = (np.searchsorted(unknown[order], known, side=side) for side in ("left", "right"))
    own = np.asarray(known_weights, np.float64)
    wins = (own * (below[:, left] + below[:, right])).sum(axis=1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return wins / (own.sum(axis=1) * below[:, -1])
