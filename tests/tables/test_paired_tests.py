import numpy as np
import pytest
from scipy import stats

from heterodox.tables.paired_tests import compare, stars


def test_by_hand():
    # Differences 1, 2, 3: mean 2, deviation 1; t = 2 sqrt(3) on 2 degrees of freedom, p = 1 - t / sqrt(t^2 + 2).
    found = compare(np.array([0.0, 0, 0]), np.array([1.0, 2, 3]))
    t = 2 * np.sqrt(3)
    assert found.difference == 2
    assert found.effect_size == pytest.approx(2)
    assert found.t_p == pytest.approx(1 - t / np.sqrt(t**2 + 2))
    assert found.wilcoxon_p == pytest.approx(0.25)  # two of the eight sign patterns
    assert found.n == 3


def test_it_is_scipys_paired_test_of_the_cases_that_count():
    generator = np.random.default_rng(1)
    first, second = generator.normal(size=30), generator.normal(0.4, size=30)
    first[3], second[7] = np.nan, np.nan
    kept = np.isfinite(first + second)
    found = compare(first, second)
    assert found.n == 28
    assert found.t_p == pytest.approx(stats.ttest_rel(first[kept], second[kept]).pvalue)
    assert found.wilcoxon_p == pytest.approx(stats.wilcoxon(first[kept], second[kept]).pvalue)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0]], ids=str)
def test_what_does_not_differ_has_no_test(values):
    found = compare(np.array(values), np.array(values))
    assert np.isnan(found[1:4]).all()
    assert found.n == len(values)


def test_always_the_same_difference_has_no_t_test():
    found = compare(np.zeros(8), np.full(8, 0.1))
    assert found.difference == pytest.approx(0.1)
    assert np.isnan(found.t_p)
    assert found.wilcoxon_p < 0.01


def test_stars_are_the_papers():
    assert [stars(p) for p in (0.05, 0.01, 0.0099, 0.0001, 0.00009, float("nan"))] == ["", "", "**", "**", "****", ""]
