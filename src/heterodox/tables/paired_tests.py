"""Two measurements of the same cases compared: paired t-test, Wilcoxon's test, effect size, stars."""

from typing import NamedTuple

import numpy as np
from scipy import stats

STARS = ((0.0001, "****"), (0.01, "**"))  # as in the explanation paper


class Comparison(NamedTuple):
    """How the second of two measurements differs from the first; NaN where too few cases or no differences tell."""

    difference: float
    t_p: float
    wilcoxon_p: float
    effect_size: float
    n: int


def compare(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Return how `second` differs from `first`, both (n,), case by case; cases with a NaN are left out.

    `difference` is the mean of second - first, `effect_size` that mean over the differences' standard deviation
    (Cohen's d for pairs). Both p-values are two-sided.
    """
    differences = np.asarray(second, float) - np.asarray(first, float)
    differences = differences[np.isfinite(differences)]
    n, nan = len(differences), float("nan")
    mean = float(differences.mean()) if n else nan
    if n < 2 or not differences.any():
        return Comparison(mean, nan, nan, nan, n)
    wilcoxon = float(stats.wilcoxon(differences).pvalue)
    deviation = float(differences.std(ddof=1))
    if deviation <= 1e-12 * abs(mean):  # always the same difference: no scale to measure it by
        return Comparison(mean, nan, wilcoxon, nan, n)
    return Comparison(mean, float(stats.ttest_1samp(differences, 0).pvalue), wilcoxon, mean / deviation, n)


def stars(p: float) -> str:
    """Return `****` for p < 0.0001, `**` for p < 0.01 and nothing else, as the explanation paper does."""
    return next((mark for limit, mark in STARS if p < limit), "")
