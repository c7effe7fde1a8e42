"""What a score of every prediction or label is good for: to find wrong predictions and wrong labels (Figure 8)."""

import numpy as np


def _lowest_first(score: np.ndarray) -> np.ndarray:
    return np.argsort(score, kind="stable")


def _removed(count: int, percentiles: np.ndarray) -> np.ndarray:
    return np.floor(np.asarray(percentiles) / 100 * count + 1e-9).astype(int)


def accuracy_gains(score: np.ndarray, correct: np.ndarray, percentiles: np.ndarray) -> np.ndarray:
    """Return by how much accuracy rises, as a share, when the lowest-scored percent of the predictions is left out.

    score, correct (n,); percentiles in [0, 100]. 0 where nothing is left out; NaN where everything is.
    """
    right = np.concatenate([[0], np.cumsum(correct[_lowest_first(score)])])
    gone = _removed(len(score), percentiles)
    left = len(score) - gone
    kept = np.divide(right[-1] - right[gone], left, out=np.full(len(gone), np.nan), where=left > 0)
    return kept - right[-1] / len(score)


def detection_rates(score: np.ndarray, flawed: np.ndarray, percentiles: np.ndarray) -> np.ndarray:
    """Return the share of the flawed labels that the lowest-scored percent holds; NaN where none is flawed.

    score, flawed (n,); percentiles in [0, 100]. A score that knows nothing finds p / 100 of them.
    """
    found = np.concatenate([[0], np.cumsum(flawed[_lowest_first(score)])])
    total = found[-1]
    return found[_removed(len(score), percentiles)] / total if total else np.full(len(percentiles), np.nan)


def flipped_labels(labels: np.ndarray, classes: int, share: float, generator: np.random.Generator) -> np.ndarray:
    """Return labels (n,) of which round(share * n) were replaced by another class, each other class alike."""
    rows = generator.choice(len(labels), round(share * len(labels)), replace=False)
    flipped = labels.copy()
    flipped[rows] = (labels[rows] + generator.integers(1, classes, len(rows))) % classes
    return flipped
