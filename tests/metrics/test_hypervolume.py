"""Fronts and hypervolume, against pymoo and against counting points of a fine grid."""

import numpy as np
import pytest
from pymoo.indicators.hv import HV
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from heterodox.metrics.hypervolume import dominates, hypervolume, non_dominated_rank, on_front
from heterodox.streams import stream


def cloud(objectives: int, count: int, case: int) -> np.ndarray:
    """Return points, some equal in single coordinates, some beyond (1, 1, ...)."""
    return stream(case, "cloud", objectives).integers(0, 14, (count, objectives)) / 12


def test_a_point_dominates_where_it_is_nowhere_worse_and_somewhere_better() -> None:
    points = np.array([[1, 1], [1, 2], [2, 1], [2, 2], [1, 1]])
    assert dominates(points).astype(int).tolist() == [
        [0, 1, 1, 1, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0],
    ]


@pytest.mark.parametrize("objectives", [2, 3, 4])
@pytest.mark.parametrize("case", range(5))
def test_ranks_are_those_of_pymoo(objectives: int, case: int) -> None:
    points = cloud(objectives, 60, case)
    expected = np.empty(60, int)
    for rank, front in enumerate(NonDominatedSorting().do(points)):
        expected[front] = rank
    np.testing.assert_array_equal(non_dominated_rank(points), expected)
    np.testing.assert_array_equal(on_front(points), expected == 0)


def test_points_without_a_finite_value_come_last_and_never_stand_on_a_front() -> None:
    points = np.array([[0.5, np.nan], [0.6, 0.6], [-np.inf, 0.1], [0.7, 0.7], [np.inf, np.inf]])
    assert non_dominated_rank(points).tolist() == [2, 0, 2, 1, 2]
    assert on_front(points).tolist() == [False, True, False, False, False]
    assert not on_front(points[[0]]).any()
    assert on_front(np.empty((0, 3))).tolist() == []


@pytest.mark.parametrize("objectives", [2, 3])
@pytest.mark.parametrize("case", range(20))
def test_hypervolume_is_that_of_pymoo_and_of_counted_grid_cells(objectives: int, case: int) -> None:
    points = cloud(objectives, 3 + 2 * case, case)
    reference = np.array([1.0, 0.75, 0.5])[:objectives]
    inside = points[(points < reference).all(axis=1)]
    expected = float(HV(ref_point=reference)(inside)) if len(inside) else 0.0
    found = hypervolume(points, reference)
    assert found == pytest.approx(expected, abs=1e-12)
    # All coordinates are multiples of 1/12, so the dominated cells of that grid fill the volume exactly.
    axes = np.meshgrid(*[np.arange(round(12 * edge)) / 12 + 1 / 24 for edge in reference], indexing="ij")
    cells = np.stack([axis.ravel() for axis in axes], axis=1)
    dominated = (points[:, None, :] < cells[None]).all(axis=2).any(axis=0)
    assert found == pytest.approx(dominated.sum() / 12**objectives, abs=1e-12)


def test_hypervolume_by_hand() -> None:
    reference = np.array([1.0, 1.0, 1.0])
    assert hypervolume(np.array([[0.5, 0.5, 0.5]]), reference) == 0.125
    assert hypervolume(np.array([[0.5, 0.5, 0.5], [0.0, 0.5, 0.75]]), reference) == pytest.approx(0.1875)
    assert hypervolume(np.array([[0.25, 0.5], [0.5, 0.25]]), reference[:2]) == pytest.approx(0.5)


def test_points_beyond_the_reference_and_without_a_value_count_nothing() -> None:
    reference = np.array([0.9, 1.0, 0.5])
    points = np.array([[0.1, 0.2, 0.3]])
    outside = np.array([[0.0, 0.0, 0.5], [0.95, 0.0, 0.0], [np.nan, 0.0, 0.0], [-np.inf, 0.0, 0.0]])
    assert hypervolume(np.concatenate([points, outside]), reference) == hypervolume(points, reference) > 0
    assert hypervolume(outside, reference) == 0.0
    assert hypervolume(np.empty((0, 3)), reference) == 0.0


def test_other_numbers_of_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="4 objectives"):
        hypervolume(np.zeros((1, 4)), np.ones(4))
