"""Difficulty functions by hand, and against the direct definition over drawn pairs of members."""

from itertools import permutations, product

import numpy as np
import pytest

from heterodox.metrics.difficulty import coincidence, difficulty, pair_weights

# Two members fail on the first two images, two on the last two: what is hard for one is easy for the other.
OPPOSITE = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
FIRST, SECOND = np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1])


def joint(failed: np.ndarray) -> np.ndarray:
    return failed @ failed.T / failed.shape[1]


def test_difficulty_is_the_share_that_fails() -> None:
    assert difficulty(OPPOSITE[:2]).tolist() == [1, 0.5, 0, 0]


def test_opposite_methodologies_by_hand() -> None:
    found = coincidence(joint(OPPOSITE), pair_weights(FIRST, SECOND))
    assert found == (0, 0.375 * 0.375, -0.375 * 0.375)


def test_one_methodology_by_hand_leaves_a_members_copy_out() -> None:
    found = coincidence(joint(OPPOSITE), pair_weights(FIRST, FIRST))
    assert found == (0.25, 0.5 * 0.25, 0.125)  # the pair fails together on one image of four
    assert (difficulty(OPPOSITE[:2]) ** 2).mean() == 0.3125  # what counting the copies would give


def test_two_methodologies_are_the_moments_of_their_difficulty_functions() -> None:
    failed = np.random.default_rng(0).integers(0, 2, (7, 50))
    a, b = difficulty(failed[:3]), difficulty(failed[3:])
    found = coincidence(joint(failed), pair_weights(np.arange(7) < 3, np.arange(7) >= 3))
    assert found == pytest.approx(((a * b).mean(), a.mean() * b.mean(), np.cov(a, b, bias=True)[0, 1]))


def test_weights_are_how_often_a_member_stands_in_the_family() -> None:
    failed = np.random.default_rng(1).integers(0, 2, (4, 30))
    times = np.array([2, 0, 1, 3])
    family = np.repeat(np.arange(4), times)
    pairs = [(i, j) for i, j in permutations(family, 2) if i != j]
    expected = np.mean([(failed[i] * failed[j]).mean() for i, j in pairs])
    assert coincidence(joint(failed), pair_weights(times, times)).expected == pytest.approx(expected)


def test_distinct_pairs_estimate_the_methodology_without_bias() -> None:
    """Every family of three drawn from a known methodology: the mean of the estimates is the truth."""
    chances = np.array([0.5, 0.3, 0.2])  # of three programs, which fail on these images
    programs = np.array([[1, 1, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 1, 1]])
    theta = chances @ programs
    estimate = plain = 0.0
    for drawn in product(range(3), repeat=3):
        chance, failed = chances[list(drawn)].prod(), programs[list(drawn)]
        estimate += chance * coincidence(joint(failed), pair_weights(np.ones(3), np.ones(3))).expected
        plain += chance * (difficulty(failed) ** 2).mean()
    assert estimate == pytest.approx((theta**2).mean())
    assert plain == pytest.approx((theta**2).mean() + (theta * (1 - theta)).mean() / 3)


def test_one_member_alone_has_no_pair() -> None:
    assert np.isnan(coincidence(joint(OPPOSITE), pair_weights([1, 0, 0, 0], [1, 0, 0, 0]))).all()
