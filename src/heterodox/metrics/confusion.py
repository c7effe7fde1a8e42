"""Which classes are taken for each other, and whether the distances between their activations tell (Appendix K)."""

import numpy as np

from heterodox.metrics.trends import Trend, trend


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return how many images of class i (row) were taken for class j (column), (classes, classes)."""
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)


def folded(confusion: np.ndarray) -> np.ndarray:
    """Return the confusion matrix folded along its diagonal: entry (i, j), i != j, holds both directions; symmetric."""
    both = confusion + confusion.T
    np.fill_diagonal(both, np.diag(confusion))
    return both


def pair_correlation(distances: np.ndarray, confusion: np.ndarray, diagonal: bool = False) -> Trend:
    """Return how the folded confusion follows the negated distances of class means over all pairs of classes.

    distances, confusion (classes, classes), the latter not folded. With `diagonal` every class's own pair counts too:
    its distance is 0 and its entry the images recognised, both the largest, so that the correlation is high for
    whatever recognises anything.
    """
    rows, columns = np.triu_indices(len(distances), k=0 if diagonal else 1)
    return trend(-distances[rows, columns], folded(confusion)[rows, columns].astype(float))


def closest_pair(distances: np.ndarray) -> tuple[int, int]:
    """Return the two classes, the lower first, whose means are closest; the first of equals."""
    rows, columns = np.triu_indices(len(distances), k=1)
    place = int(np.argmin(distances[rows, columns]))
    return int(rows[place]), int(columns[place])
