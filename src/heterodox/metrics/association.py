"""Whether two things that were observed together have to do with one another."""

import numpy as np
from scipy.special import chdtrc
from scipy.stats import rankdata


def cramers_v(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return Cramer's V of two categories, int (N,), and the p-value of Pearson's chi-squared test of independence.

    V = sqrt(chi2 / (N * (k - 1))), k the smaller number of values; range 0 (independent) to 1 (one tells the other);
    no continuity correction. (0, 1) where one of them has a single value.
    """
    counts = _counts(first, second)
    if min(counts.shape) < 2:
        return 0.0, 1.0
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    freedom = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    return float(np.sqrt(statistic / (counts.sum() * (min(counts.shape) - 1)))), float(chdtrc(freedom, statistic))


def rank_association(groups: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return how much of the ranks of `values` (N,) the groups, int (N,), explain, and the p-value of Kruskal's test.

    The first is H / (N - 1), the share of the ranks' variance between groups; range 0 to 1. Equal values share their
    mean rank, H is corrected for them. (0, 1) for a single group or equal values only.
    """
    names, places = np.unique(groups, return_inverse=True)
    ranks = rankdata(values)
    spread = float(((ranks - ranks.mean()) ** 2).sum())
    if len(names) < 2 or spread == 0:
        return 0.0, 1.0
    sizes = np.bincount(places)
    means = np.bincount(places, ranks) / sizes
    share = float((sizes * (means - ranks.mean()) ** 2).sum() / spread)
    return share, float(chdtrc(len(names) - 1, share * (len(values) - 1)))


def _counts(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how often each pair of values occurs, (values of the first, values of the second)."""
    rows, columns = (np.unique(values, return_inverse=True)[1] for values in (first, second))
    counts = np.zeros((rows.max(initial=-1) + 1, columns.max(initial=-1) + 1))
    np.add.at(counts, (rows, columns), 1)
    return counts
