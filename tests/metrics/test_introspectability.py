import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from heterodox.errors import UserError
from heterodox.metrics.introspectability import cosine_distances, gram, introspectability


def test_distances_from_layers_are_scipys_of_the_concatenation():
    draw = np.random.default_rng(0)
    layers = [draw.normal(size=(5, units)) for units in (3, 40, 7)]
    whole = np.concatenate([layers[0], layers[0], layers[1], layers[2]], axis=1)
    distances = cosine_distances(gram(layers, [2, 1, 1]))
    np.testing.assert_allclose(distances, squareform(pdist(whole, "cosine")), atol=1e-12)
    assert introspectability(distances) == pytest.approx(pdist(whole, "cosine").mean(), abs=1e-12)


def test_by_hand():
    # Directions at 0, 60 and 90 degrees, of lengths that do not matter: 1 - cos = 1/2, 1 and 1 - sqrt(3) / 2.
    vectors = np.array([[2.0, 0.0], [0.5, np.sqrt(3) / 2], [0.0, 7.0]])
    distances = cosine_distances(gram([vectors]))
    third = 1 - np.sqrt(3) / 2
    assert introspectability(distances) == pytest.approx((0.5 + 1 + third) / 3)
    # Eq. 3 with S = 1/2, 1/4, 1/4: sum of D x S over pairs / 3; normalised by the mean of S, 1/3.
    similarities = np.array([[1, 0.5, 0.25], [0.5, 1, 0.25], [0.25, 0.25, 1]])
    raw = (0.5 * 0.5 + 1 * 0.25 + third * 0.25) / 3
    assert introspectability(distances, similarities, normalised=False) == pytest.approx(raw)
    assert introspectability(distances, similarities) == pytest.approx(3 * raw)


def test_equal_similarities_change_nothing():
    distances = cosine_distances(gram([np.random.default_rng(1).normal(size=(6, 9))]))
    assert introspectability(distances, np.full((6, 6), 0.125)) == pytest.approx(introspectability(distances))


def test_opposite_means_are_two_apart_and_equal_ones_not_at_all():
    distances = cosine_distances(gram([np.array([[1.0, 2.0], [-2.0, -4.0], [3.0, 6.0]])]))
    np.testing.assert_allclose(distances, [[0, 2, 0], [2, 0, 2], [0, 2, 0]], atol=1e-15)


def test_pairs_of_a_class_without_images_are_left_out():
    vectors = np.array([[1.0, 0.0], [np.nan, np.nan], [0.0, 1.0], [1.0, 0.0]])
    distances = cosine_distances(gram([vectors]))
    assert introspectability(distances) == pytest.approx((1 + 0 + 1) / 3)
    weights = np.ones((4, 4))
    weights[0, 1] = weights[1, 0] = 99  # of a pair that is left out: must not enter the norm
    assert introspectability(distances, weights) == pytest.approx(2 / 3)
    assert np.isnan(introspectability(cosine_distances(gram([vectors[:2]]))))


def test_silent_classes_are_apart_from_all_but_one_another():
    distances = cosine_distances(gram([np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])]))
    np.testing.assert_array_equal(distances, [[0, 0, 1], [0, 0, 1], [1, 1, 0]])


def test_similarities_of_other_classes_are_one_line():
    with pytest.raises(UserError, match="similarities of 3 classes, but the network has 2"):
        introspectability(np.zeros((2, 2)), np.ones((3, 3)))
