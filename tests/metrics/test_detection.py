from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from heterodox.errors import UserError
from heterodox.metrics.detection import (
    SCORES,
    aupr,
    auroc,
    detection_ablation,
    detection_score,
    energy,
    false_positive_rate,
    maximum_logit,
    maximum_softmax,
    odin,
    perturbation_ablation,
)

LOGITS = np.random.default_rng(1).normal(0, 3, (300, 7))


def scored(seed: int, values: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return InD and OoD scores with many ties."""
    draw = np.random.default_rng(seed)
    return draw.integers(1, values + 1, draw.integers(1, 60)), draw.integers(0, values, draw.integers(1, 60))


def as_classified(known: np.ndarray, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat([1, 0], [len(known), len(unknown)]), np.concatenate([known, unknown])


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0, 1000.0])
def test_odin_is_the_logarithm_of_the_largest_softmax(temperature):
    expected = np.log(softmax(LOGITS / temperature, axis=1).max(axis=1))
    np.testing.assert_allclose(odin(LOGITS, temperature), expected, rtol=1e-10, atol=1e-15)


def test_at_a_high_temperature_odin_ranks_as_maximum_minus_mean():
    ranks = rankdata(odin(LOGITS, 1e7))
    np.testing.assert_array_equal(ranks, rankdata(LOGITS.max(axis=1) - LOGITS.mean(axis=1)))


def test_what_differs_makes_no_ties_at_high_temperature_or_confidence():
    close = np.array([[1.0, 0.0], [1.0001, 0.0]], np.float32)
    assert len(set(softmax(close / np.float32(1e4), axis=1).max(axis=1))) == 1  # as float32 has it
    assert np.diff(odin(close, 1e4)) > 0
    sure = np.array([[60.0, 0.0], [70.0, 0.0]])
    assert np.diff(np.log(softmax(sure, axis=1).max(axis=1))) == 0
    assert np.diff(maximum_softmax(sure)) > 0


def test_energy_and_maximum_logit():
    np.testing.assert_allclose(energy(LOGITS), logsumexp(LOGITS, axis=1), rtol=1e-12)
    np.testing.assert_allclose(energy(LOGITS, 50.0), 50 * logsumexp(LOGITS / 50, axis=1), rtol=1e-12)
    np.testing.assert_array_equal(maximum_logit(LOGITS), LOGITS.max(axis=1))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_not_positive_is_one_line(temperature):
    with pytest.raises(UserError, match=r"^temperature .*: must be greater than 0; ODIN takes 1000$"):
        odin(LOGITS, temperature)


def test_an_unknown_score_is_one_line():
    with pytest.raises(UserError, match="detection score softmax: is unknown; there are odin, maximum_softmax"):
        detection_score("softmax", LOGITS)


def test_rates_by_hand():
    known, unknown = np.array([4.0, 3.0, 2.0, 1.0]), np.array([3.0, 1.0, 0.0])
    # Pairs: 4 wins 3; 3 wins 2 and ties 1; 2 wins 2; 1 wins 1 and ties 1.
    assert auroc(known, unknown) == pytest.approx(9 / 12)
    # Thresholds 4, 3, 2, 1: recall rises by a quarter each; precisions 1/1, 2/3, 3/4, 4/6.
    assert aupr(known, unknown) == pytest.approx((1 + 2 / 3 + 3 / 4 + 4 / 6) / 4)
    assert false_positive_rate(known, unknown) == pytest.approx(2 / 3)
    assert false_positive_rate(known, unknown, 0.75) == pytest.approx(1 / 3)


@given(st.integers(0, 10**6))
def test_rates_agree_with_scikit_learn_even_with_ties(seed):
    known, unknown = scored(seed)
    labels, scores = as_classified(known, unknown)
    assert auroc(known, unknown) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert aupr(known, unknown) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    false_positives, _, _ = roc_curve(labels, scores, drop_intermediate=False)
    # Recalls as fractions: scikit-learn's are floats, in which 19 of 20 may or may not reach 0.95.
    thresholds = np.unique(scores)[::-1]
    enough = [Fraction(int((known >= one).sum()), len(known)) >= Fraction(95, 100) for one in thresholds]
    assert false_positive_rate(known, unknown) == pytest.approx(false_positives[1 + enough.index(True)], abs=1e-12)


@given(st.integers(0, 10**6))
def test_auroc_is_exact(seed):
    known, unknown = scored(seed)
    twice = sum(2 * int(a > b) + int(a == b) for a in known for b in unknown)
    assert auroc(known, unknown) == float(Fraction(twice, 2 * len(known) * len(unknown)))
    assert auroc(known, unknown) + auroc(unknown, known) == pytest.approx(1, abs=1e-15)


def test_no_images_have_no_rate_and_a_score_that_is_no_number_is_refused():
    for rate in (auroc, aupr, false_positive_rate):
        assert np.isnan(rate(np.zeros(0), np.ones(3)))
        assert np.isnan(rate(np.ones(3), np.zeros(0)))
        with pytest.raises(ValueError, match="NaN"):
            rate(np.array([np.nan]), np.ones(3))


def test_the_ablation_has_every_score_temperature_and_set():
    unknown, sources = LOGITS[200:] / 3, np.arange(100) % 2
    rows = detection_ablation(LOGITS[:200], unknown, sources, ["near", "far"], [1.0, 1000.0])
    assert [(row["score"], row["ood"]) for row in rows] == [
        (score, ood) for score in ("odin", *SCORES) for ood in ("all", "near", "far")
    ]
    (row,) = [row for row in rows if row["temperature"] == 1000 and row["ood"] == "far"]
    inside, outside = odin(LOGITS[:200]), odin(unknown[1::2])
    labels, scores = as_classified(inside, outside)
    assert row["auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert row["aupr"] == pytest.approx(average_precision_score(labels, scores))
    assert row["images"] == 50
    assert row["epsilon"] == 0
    softmax_row = next(row for row in rows if row["score"] == "maximum_softmax")
    assert softmax_row["auroc"] == rows[0]["auroc"]  # ODIN at temperature 1
    assert np.isnan(softmax_row["temperature"])
    moved = perturbation_ablation(LOGITS[:200], unknown, sources, ["near", "far"], 1000.0, 0.01)
    assert [(one["auroc"], one["epsilon"]) for one in moved] == [(one["auroc"], 0.01) for one in rows[3:6]]
