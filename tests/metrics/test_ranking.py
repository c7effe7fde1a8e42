import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from heterodox.metrics.ranking import areas_under_roc, mean_areas_under_roc


def test_by_hand():
    # Of the four pairs the positive case is ahead in two and level in one; the second weighting doubles the level one.
    scores, positive = np.array([3.0, 1, 2, 1]), np.array([True, True, False, False])
    assert areas_under_roc(scores, positive, np.array([[1, 1, 1, 1], [0, 1, 1, 2]])).tolist() == [2.5 / 4, 1 / 3]


def test_it_is_scikit_learns_area_with_ties_in_every_weighting():
    generator = np.random.default_rng(0)
    scores, truths = generator.integers(0, 6, (40, 3)) / 2, generator.random((40, 3)) < 0.4
    weights = np.concatenate([np.ones((1, 40)), generator.poisson(1, (20, 40))])
    for output in range(3):
        expected = [roc_auc_score(truths[:, output], scores[:, output], sample_weight=own) for own in weights]
        np.testing.assert_allclose(areas_under_roc(scores[:, output], truths[:, output], weights), expected)
    means = [
        np.mean([roc_auc_score(true, own, sample_weight=times) for own, true in zip(scores.T, truths.T, strict=True)])
        for times in weights
    ]
    np.testing.assert_allclose(mean_areas_under_roc(scores, truths, weights), means)


def test_one_kind_alone_has_no_area():
    assert np.isnan(areas_under_roc(np.array([1.0, 2]), np.array([True, True]), np.ones((1, 2)))).all()
    weights = np.array([[1, 0], [0, 0], [1, 1]])
    found = areas_under_roc(np.array([1.0, 2]), np.array([False, True]), weights)
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1])


def test_the_mean_is_over_outputs_that_have_an_area():
    scores, truths = np.array([[1.0, 0], [0, 1]]), np.array([[True, True], [False, True]])
    assert mean_areas_under_roc(scores, truths, np.ones((1, 2))) == pytest.approx([1])
    assert np.isnan(mean_areas_under_roc(scores, np.ones((2, 2), bool), np.ones((1, 2)))).all()
