import numpy as np
import pytest
from scipy.stats import chi2_contingency, kruskal

from heterodox.metrics.association import cramers_v, rank_association

RANDOM = np.random.default_rng(2)


def test_cramers_v_by_hand() -> None:
    # Counts 30 10 / 10 30: each expected 20, chi2 = 4 * 100 / 20 = 20, V = sqrt(20 / 80) = 0.5.
    first = np.repeat([0, 0, 1, 1], [30, 10, 10, 30])
    second = np.repeat([5, 9, 5, 9], [30, 10, 10, 30])
    strength, p = cramers_v(first, second)
    assert strength == pytest.approx(0.5)
    assert p == pytest.approx(7.744e-6, rel=1e-3)
    assert cramers_v(first, first)[0] == pytest.approx(1)


def test_the_chi_squared_test_is_scipys() -> None:
    first, second = RANDOM.integers(0, 3, 200), RANDOM.integers(2, 8, 200)
    second[:60] = first[:60] + 2
    counts = [[((first == row) & (second == column)).sum() for column in range(2, 8)] for row in range(3)]
    expected = chi2_contingency(counts, correction=False)
    strength, p = cramers_v(first, second)
    assert p == pytest.approx(expected.pvalue)
    assert strength == pytest.approx(np.sqrt(expected.statistic / (200 * 2)))


def test_ranks_by_hand() -> None:
    # Ranks 1 2 3 | 4 5 6: means 2 and 5, the grand mean 3.5; between 2 * 3 * 1.5^2 = 13.5 of 17.5.
    share, p = rank_association(np.array([7, 7, 7, 8, 8, 8]), np.array([0.1, 0.2, 0.3, 10, 20, 1000]))
    assert share == pytest.approx(13.5 / 17.5)
    assert p == pytest.approx(kruskal([1, 2, 3], [4, 5, 6]).pvalue)


def test_kruskals_test_is_scipys_with_ties() -> None:
    groups, values = RANDOM.integers(0, 4, 150), RANDOM.integers(0, 12, 150).astype(float)
    values[groups == 2] += 2
    share, p = rank_association(groups, values)
    expected = kruskal(*(values[groups == group] for group in range(4)))
    assert p == pytest.approx(expected.pvalue)
    assert share == pytest.approx(expected.statistic / 149)


def test_what_never_changes_tells_nothing() -> None:
    same, other = np.zeros(10, int), np.arange(10)
    assert cramers_v(same, other) == (0.0, 1.0)
    assert rank_association(same, other.astype(float)) == (0.0, 1.0)
    assert rank_association(other % 2, same.astype(float)) == (0.0, 1.0)
