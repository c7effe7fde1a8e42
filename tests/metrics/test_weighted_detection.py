"""AUROC where images count several times, against repeating them and scikit-learn."""

import numpy as np
from sklearn.metrics import roc_auc_score

from heterodox.metrics.detection import auroc
from heterodox.metrics.weighted_detection import weighted_auroc


def test_an_image_that_counts_twice_is_there_twice() -> None:
    generator = np.random.default_rng(0)
    known, unknown = generator.integers(0, 9, 40) + 1.0, generator.integers(0, 9, 30) * 1.0  # with ties
    known_weights, unknown_weights = (generator.integers(0, 4, (25, len(scores))) for scores in (known, unknown))
    found = weighted_auroc(known, unknown, known_weights, unknown_weights)
    for value, first, second in zip(found, known_weights, unknown_weights, strict=True):
        scores = np.r_[known, unknown]
        truth = np.r_[np.ones(40), np.zeros(30)]
        np.testing.assert_allclose(value, roc_auc_score(truth, scores, sample_weight=np.r_[first, second]))
        np.testing.assert_allclose(value, auroc(np.repeat(known, first), np.repeat(unknown, second)))


def test_without_weight_there_is_no_area() -> None:
    found = weighted_auroc(np.array([1.0]), np.array([0.0]), np.array([[1], [0]]), np.array([[1], [1]]))
    assert found[0] == 1.0
    assert np.isnan(found[1])
