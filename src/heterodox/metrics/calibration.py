"""Does a score tell how often a prediction is right? By bins of the score (Carmichael, Moon & Jacobs, Figure 7)."""

from typing import NamedTuple

import numpy as np

from heterodox.metrics.trends import UNDEFINED, Trend, trend

LEAST_BINS = 5  # filled bins below which a correlation over them says nothing; over two it is always 1 or -1


class Bins(NamedTuple):
    """Of every bin that holds a prediction: its centre, the share of right predictions in it, and how many it holds."""

    centre: np.ndarray
    accuracy: np.ndarray
    predictions: np.ndarray


def binned_accuracy(score: np.ndarray, correct: np.ndarray, bins: int = 50, span: tuple[float, float] = (0, 1)) -> Bins:
    """Return the accuracy by bins of equal width over `span`; scores (n,) beyond an end count to the last bin there.

    Empty bins are left out. The upper end belongs to the last bin, all other edges to the bin above.
    """
    low, high = span
    place = np.clip(((score - low) / (high - low) * bins).astype(int), 0, bins - 1) if high > low else score * 0
    place = place.astype(int)
    count = np.bincount(place, minlength=bins)
    right = np.bincount(place, correct, minlength=bins)
    filled = count > 0
    centres = low + (np.arange(bins) + 0.5) * (high - low) / bins
    return Bins(centres[filled], right[filled] / count[filled], count[filled])


def bins_of(score: np.ndarray, correct: np.ndarray, bins: int = 50, observed: bool = False) -> Bins:
    """Return the accuracy by bins of the score (n,) over 0..1 or, with `observed`, over the scores that occur."""
    span = (float(score.min()), float(score.max())) if observed else (0.0, 1.0)
    return binned_accuracy(score, correct, bins, span)


def calibration_trend(score: np.ndarray, correct: np.ndarray, bins: int = 50, observed: bool = False) -> Trend:
    """Return how accuracy follows the score over the bins that hold predictions; each bin counts once.

    The closer Pearson's and Spearman's r are to 1, the better the score is calibrated up to a line or an order. The
    bins span 0..1 or, with `observed`, the scores that occur. NaN where fewer than LEAST_BINS bins hold predictions or
    all have one accuracy.
    """
    found = bins_of(score, correct, bins, observed)
    return trend(found.centre, found.accuracy) if len(found.centre) >= LEAST_BINS else UNDEFINED
