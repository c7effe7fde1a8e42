import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from heterodox.metrics.ranking import area_under_roc, mean_area_under_roc


def test_by_hand():
    # Of the four pairs the positive case is ahead in two and level in one.
    assert area_under_roc(np.array([3.0, 1, 2, 1]), np.array([True, True, False, False])) == 2.5 / 4


def test_it_is_scikit_learns_area_with_ties_and_weights():
    generator = np.random.default_rng(0)
    scores, truths = generator.integers(0, 6, (40, 3)) / 2, generator.random((40, 3)) < 0.4
    weights = generator.integers(0, 4, 40)
    expected = [roc_auc_score(true, own) for own, true in zip(scores.T, truths.T, strict=True)]
    np.testing.assert_allclose(mean_area_under_roc(scores, truths), expected)
    expected = [roc_auc_score(true, own, sample_weight=weights) for own, true in zip(scores.T, truths.T, strict=True)]
    np.testing.assert_allclose(mean_area_under_roc(scores, truths, weights), expected)


def test_one_kind_alone_has_no_area():
    assert np.isnan(area_under_roc(np.array([1.0, 2]), np.array([True, True])))
    assert np.isnan(area_under_roc(np.array([1.0, 2]), np.array([True, False]), np.array([1, 0])))


def test_the_area_of_several_outputs_is_one_each():
    found = mean_area_under_roc(np.array([[1.0, 0], [0, 1]]), np.array([[True, True], [False, False]]))
    assert found == pytest.approx([1, 0])
