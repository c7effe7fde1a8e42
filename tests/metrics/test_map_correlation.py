"""Whether two maps are bright at the same places, against NumPy's correlation."""

import numpy as np

from heterodox.metrics.map_correlation import map_correlation


def test_it_is_pearsons_correlation_over_places() -> None:
    first, second = np.random.default_rng(0).random((2, 5, 3, 4))
    expected = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(first, second, strict=True)]
    np.testing.assert_allclose(map_correlation(first, second), expected)
    np.testing.assert_allclose(map_correlation(first, 3 * first + 1), 1)


def test_a_map_without_bright_places_has_no_correlation() -> None:
    maps = np.random.default_rng(0).random((1, 3, 3))
    for constant in (np.zeros((1, 3, 3)), np.full((1, 3, 3), 0.1)):
        assert np.isnan(map_correlation(maps, constant)).tolist() == [True]
