"""How much of a quantity several factors explain: least squares with weights, and R squared shared out fairly."""

from collections.abc import Mapping
from itertools import combinations
from math import comb

import numpy as np


def coefficients(y: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the least-squares coefficients (p + 1,), the intercept first, of y (n,) on `columns` (n, p)."""
    root = np.sqrt(weights)[:, None]
    return np.linalg.lstsq(_with_intercept(columns) * root, y * root[:, 0], rcond=None)[0]


def explained_share(y: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> float:
    """Return R squared, the share of y's variance that a line on `columns` (n, p) explains, in [0, 1].

    Row i counts weights[i] times. Never falls as columns are added, also meaningless ones: compare it only between
    models with many more rows than columns. NaN where y is constant.
    """
    residual = y - _with_intercept(columns) @ coefficients(y, columns, weights)
    deviation = y - np.average(y, weights=weights)
    total = float(weights @ deviation**2)
    return 1 - float(weights @ residual**2) / total if total > 1e-12 * float(weights @ y**2) else float("nan")


def _with_intercept(columns: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(columns)), columns])


def is_determined(columns: np.ndarray, weights: np.ndarray) -> bool:
    """Say whether the rows with weight determine every coefficient and leave at least one row over."""
    rows = np.unique(_with_intercept(columns)[weights > 0], axis=0)
    return len(rows) > rows.shape[1] and np.linalg.matrix_rank(rows) == rows.shape[1]


def shared_out(y: np.ndarray, factors: Mapping[str, np.ndarray], weights: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Return (share, alone, unique) by factor, each in [0, 1]; `factors` are columns (n, p) by name.

    `alone` is R squared of the factor by itself, `unique` what the full model loses without it, `share` the mean over
    all orders of the factors of what it adds when it joins (Lindeman, Merenda & Gold 1980; the Shapley value): the
    shares sum to R squared of the full model. A factor of more columns explains a little more by chance alone.
    """
    names = list(factors)
    explained = {
        subset: explained_share(
            y, np.column_stack([np.empty((len(y), 0)), *(factors[name] for name in subset)]), weights
        )
        for size in range(len(names) + 1)
        for subset in combinations(names, size)
    }
    found: dict[str, tuple[float, ...]] = {}
    for name in names:
        gains = {s: explained[_joined(names, s, name)] - value for s, value in explained.items() if name not in s}
        share = sum(gain / len(names) / comb(len(names) - 1, len(s)) for s, gain in gains.items())
        found[name] = (share, gains[()], gains[tuple(other for other in names if other != name)])
    return found


def _joined(names: list[str], subset: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(other for other in names if other in subset or other == name)
