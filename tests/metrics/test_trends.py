import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress, spearmanr

from heterodox.metrics.trends import trend, weighted_ranks


def test_by_hand():
    found = trend(np.array([1.0, 2, 3]), np.array([2.0, 2, 5]))
    assert found.slope == pytest.approx(1.5)
    assert found.pearson == pytest.approx(1.5 * np.sqrt(2 / 6))
    assert found.spearman == pytest.approx(np.sqrt(3) / 2)


@given(st.integers(0, 10**6))
def test_weights_are_repetitions(seed):
    generator = np.random.default_rng(seed)
    x, y = generator.integers(0, 6, 12) / 3, generator.normal(size=12)
    weights = generator.integers(0, 4, 12)
    found = trend(x, y, weights)
    x, y = np.repeat(x, weights), np.repeat(y, weights)
    if len(np.unique(x)) < 2:
        assert np.isnan(found).all()
    else:
        line = linregress(x, y)
        assert found == pytest.approx((line.slope, line.rvalue, spearmanr(x, y)[0]), abs=1e-9)


def test_weighted_ranks_by_hand():
    assert weighted_ranks(np.array([5.0, 1, 5]), np.array([1, 2, 3])).tolist() == [4.5, 1.5, 4.5]


@pytest.mark.parametrize(
    ("x", "y"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0.1, 0.1, 0.1]), ([2], [3]), ([], [])], ids=str
)
def test_no_variance_has_no_trend(x, y):
    assert np.isnan(trend(np.array(x, float), np.array(y, float))).all()


def test_a_weight_can_take_the_variance_away():
    assert np.isnan(trend(np.array([1.0, 1, 2]), np.array([1.0, 2, 3]), np.array([1, 1, 0]))).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_leaves_no_trend_unless_it_does_not_count(value):
    x, y = np.array([1.0, 2, 3, 4]), np.array([4.0, 1, 2, value])
    assert np.isnan(trend(x, y)).all()
    assert np.isnan(trend(y, x)).all()
    assert trend(x, y, np.array([1, 1, 1, 0])) == trend(x[:3], y[:3])
