"""Weighted least squares and shares of R squared against rows repeated one by one and orders taken one by one."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import linregress

from heterodox.metrics.regression import coefficients, explained_share, is_determined, shared_out


@pytest.fixture
def data():
    generator = np.random.default_rng(4)
    columns = generator.normal(size=(12, 4))
    columns[:, 1] += 0.8 * columns[:, 0]
    y = columns @ [0.5, 0.3, 0, -0.2] + generator.normal(size=12)
    return y, columns, generator.integers(0, 4, 12).astype(float)


def direct_share(y, columns):
    """Return R squared as the squared correlation of y with its projection."""
    if not columns.shape[1]:
        return 0.0
    columns = columns - columns.mean(axis=0)
    centred = y - y.mean()
    fitted = columns @ np.linalg.pinv(columns) @ centred
    return np.corrcoef(fitted, centred)[0, 1] ** 2


def test_one_column_is_the_usual_line(data):
    y, columns, _ = data
    line = linregress(columns[:, 0], y)
    ones = np.ones(12)
    assert coefficients(y, columns[:, :1], ones) == pytest.approx([line.intercept, line.slope])
    assert explained_share(y, columns[:, :1], ones) == pytest.approx(line.rvalue**2)


def test_weights_are_repeated_rows(data):
    y, columns, weights = data
    times = weights.astype(int)
    repeated, rows = np.repeat(y, times), np.repeat(columns, times, axis=0)
    assert explained_share(y, columns, weights) == pytest.approx(direct_share(repeated, rows))
    plain = np.linalg.lstsq(np.column_stack([np.ones(len(rows)), rows]), repeated, rcond=None)[0]
    np.testing.assert_allclose(coefficients(y, columns, weights), plain)


def test_shares_are_the_mean_gain_over_all_orders(data):
    y, columns, _ = data
    factors = {"a": columns[:, :1], "b": columns[:, 1:2], "c": columns[:, 2:]}
    found = shared_out(y, factors, np.ones(12))
    gains = {name: [] for name in factors}
    for order in permutations(factors):
        for place, name in enumerate(order):
            before, after = ([factors[n] for n in order[:end]] for end in (place, place + 1))
            without = direct_share(y, np.column_stack(before)) if before else 0.0
            gains[name].append(direct_share(y, np.column_stack(after)) - without)
    for name, (share, alone, unique) in found.items():
        rest = np.column_stack([factors[n] for n in factors if n != name])
        assert share == pytest.approx(np.mean(gains[name]))
        assert alone == pytest.approx(direct_share(y, factors[name]))
        assert unique == pytest.approx(direct_share(y, columns) - direct_share(y, rest))
    assert sum(share for share, _, _ in found.values()) == pytest.approx(direct_share(y, columns))


def test_uncorrelated_factors_by_hand():
    a, b = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    found = shared_out(2 * a + b, {"a": a[:, None], "b": b[:, None]}, np.ones(4))
    assert found["a"] == pytest.approx((0.8, 0.8, 0.8))
    assert found["b"] == pytest.approx((0.2, 0.2, 0.2))


def test_a_constant_quantity_has_no_share(data):
    assert np.isnan(explained_share(np.full(12, 0.7), data[1], np.ones(12)))


def test_a_model_needs_more_different_rows_than_coefficients():
    columns = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    assert is_determined(columns, np.ones(4))
    assert not is_determined(columns, np.array([1.0, 5, 2, 0]))  # three rows for three coefficients
    assert not is_determined(np.column_stack([columns[:, 0], 2 * columns[:, 0]]), np.ones(4))
