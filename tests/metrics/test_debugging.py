import numpy as np
import pytest

from heterodox.metrics.debugging import accuracy_gains, detection_rates, flipped_labels

PERCENTILES = np.array([0, 20, 40, 100])


def test_gains_by_hand():
    score, correct = np.array([0.9, 0.1, 0.5, 0.2, 0.8]), np.array([1, 0, 1, 0, 1])
    gains = accuracy_gains(score, correct, PERCENTILES)
    assert gains[:3] == pytest.approx([0, 3 / 4 - 0.6, 1 - 0.6])
    assert np.isnan(gains[3])


def test_rates_are_those_of_a_loop():
    generator = np.random.default_rng(5)
    score, flawed = generator.normal(size=83), generator.uniform(size=83) < 0.2
    percentiles = np.arange(0, 101, 7)
    order = sorted(range(83), key=lambda row: score[row])
    expected = [sum(flawed[row] for row in order[: 83 * p // 100]) / flawed.sum() for p in percentiles]
    assert detection_rates(score, flawed, percentiles) == pytest.approx(expected)
    gains = [np.mean([not flawed[row] for row in order[83 * p // 100 :]]) - np.mean(~flawed) for p in percentiles[:-1]]
    assert accuracy_gains(score, ~flawed, percentiles[:-1]) == pytest.approx(gains)


def test_a_perfect_score_finds_all_within_their_share():
    flawed = np.arange(100) < 20
    rates = detection_rates(np.where(flawed, 0.0, 1.0), flawed, PERCENTILES)
    assert rates.tolist() == [0, 1, 1, 1]
    assert np.isnan(detection_rates(np.ones(5), np.zeros(5, bool), PERCENTILES)).all()


def test_a_fifth_of_the_labels_changes_to_other_classes_evenly():
    labels = np.arange(20_000) % 10
    flipped = flipped_labels(labels, 10, 0.2, np.random.default_rng(1))
    changed = flipped != labels
    assert changed.sum() == 4000
    steps = np.bincount((flipped - labels)[changed] % 10, minlength=10)
    assert steps[0] == 0
    assert np.abs(steps[1:] - 4000 / 9).max() < 5 * np.sqrt(4000 / 9)
