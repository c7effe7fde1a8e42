"""Accuracy of ranked classes."""

import numpy as np


def top_k_accuracy(logits: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Return the share of images whose label is among the k highest logits, in [0, 1]; higher = better.

    `logits` (n, classes), `labels` (n,). Among equal logits the lowest class index ranks first, as arg max has it.
    NaN for no images. With k >= classes every image counts.
    """
    if len(labels) == 0:
        return float("nan")
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    rank = ((logits > own) | ((logits == own) & earlier)).sum(axis=1)
    return float((rank < k).mean())
