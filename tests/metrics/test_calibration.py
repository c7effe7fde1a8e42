import numpy as np
import pytest
from scipy.stats import binned_statistic, pearsonr, spearmanr

from heterodox.metrics.calibration import binned_accuracy, calibration_trend


def test_by_hand():
    bins = binned_accuracy(np.array([0.05, 0.14, 0.1, 1.0, 0.95]), np.array([1, 0, 1, 1, 0]), bins=10)
    assert bins.centre == pytest.approx([0.05, 0.15, 0.95])
    assert bins.accuracy == pytest.approx([1, 0.5, 0.5])
    assert bins.predictions.tolist() == [1, 2, 2]


@pytest.mark.parametrize("observed", [False, True])
def test_correlations_are_those_of_scipys_bins(observed):
    generator = np.random.default_rng(3)
    score = generator.uniform(0.3, 0.9, 500)
    correct = generator.uniform(size=500) < score
    span = (score.min(), score.max()) if observed else (0, 1)
    means, edges, _ = binned_statistic(score, correct, "mean", 50, span)
    centres, known = (edges[:-1] + edges[1:]) / 2, np.isfinite(means)
    found = calibration_trend(score, correct, 50, observed)
    assert found.pearson == pytest.approx(pearsonr(centres[known], means[known])[0])
    assert found.spearman == pytest.approx(spearmanr(centres[known], means[known])[0])


def test_scores_beyond_the_ends_count_to_the_last_bins():
    bins = binned_accuracy(np.array([-0.3, 1.7]), np.array([1, 0]), bins=4)
    assert bins.centre == pytest.approx([0.125, 0.875])


def test_one_bin_has_no_correlation():
    assert np.isnan(calibration_trend(np.full(9, 0.5), np.arange(9) % 2)).all()
    assert np.isnan(calibration_trend(np.full(9, 0.5), np.arange(9) % 2, observed=True)).all()


@pytest.mark.parametrize("observed", [False, True])
def test_fewer_than_five_filled_bins_have_no_correlation(observed):
    for filled in (2, 4, 5):
        score = np.repeat(np.linspace(0.01, 0.99, filled), 4)
        correct = np.concatenate([np.arange(4) < place % 4 for place in range(filled)])
        found = calibration_trend(score, correct, 50, observed)
        assert np.isnan(found).all() == (filled < 5)
