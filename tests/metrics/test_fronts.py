import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from heterodox.metrics.fronts import front_numbers, nondominated


def test_by_hand():
    points = np.array([[1, 3], [2, 2], [3, 1], [1, 2], [2, 2], [np.nan, 9]])
    assert nondominated(points).tolist() == [True, True, True, False, True, False]
    assert front_numbers(points).tolist() == [0, 0, 0, 1, 0, 2]


@given(st.integers(0, 10**6))
def test_fronts_are_those_of_pymoo(seed):
    points = np.random.default_rng(seed).integers(0, 6, (15, 2)).astype(float)
    fronts = NonDominatedSorting().do(-points)
    expected = np.empty(15, int)
    for number, rows in enumerate(fronts):
        expected[rows] = number
    assert front_numbers(points).tolist() == expected.tolist()
    assert np.flatnonzero(nondominated(points)).tolist() == sorted(fronts[0])


@pytest.mark.parametrize("count", [0, 1])
def test_few_points_are_their_own_front(count):
    assert nondominated(np.zeros((count, 2))).all()
