"""How one quantity goes with another: least-squares slope, Pearson's and Spearman's r, with whole-number weights."""

from typing import NamedTuple

import numpy as np


class Trend(NamedTuple):
    """Slope of the least-squares line of y on x, and the two correlations in [-1, 1]; NaN where undefined."""

    slope: float
    pearson: float
    spearman: float


UNDEFINED = Trend(float("nan"), float("nan"), float("nan"))


def is_constant(values: np.ndarray) -> bool:
    """Say whether the values are equal up to the rounding of their own size."""
    return len(values) < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max()


def weighted_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the rank of each value when value i stands there weights[i] times; equal values share their mean rank."""
    _, position = np.unique(values, return_inverse=True)
    totals = np.bincount(position, weights)
    return (np.cumsum(totals) - (totals - 1) / 2)[position]


def _moments(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    x, y = x - np.average(x, weights=weights), y - np.average(y, weights=weights)
    return float(weights @ (x * x)), float(weights @ (x * y)), float(weights @ (y * y))


def _pearson(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    xx, xy, yy = _moments(x, y, weights)
    return float(np.clip(xy / np.sqrt(xx * yy), -1, 1))


def trend(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> Trend:
    """Return the trend of y (n,) on x (n,), where point i counts weights[i] times (a whole number; default once).

    UNDEFINED where x or y is constant, or a value that counts is not finite: a rank of NaN would look like any other.
    """
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    present = weights > 0
    x, y, weights = x[present], y[present], weights[present]
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or is_constant(x) or is_constant(y):
        return UNDEFINED
    xx, xy, _ = _moments(x, y, weights)
    spearman = _pearson(weighted_ranks(x, weights), weighted_ranks(y, weights), weights)
    return Trend(xy / xx, _pearson(x, y, weights), spearman)
