"""Ensembles of front members: windows, what a vote and a mean score, gains and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from heterodox.ensembles.pruned_heads import (
    Outputs,
    ensemble_scores,
    gain_over_unpruned,
    inside_window,
    window_table,
)

T = 1000.0
TRUTH = np.r_[np.ones(60), np.zeros(40)]


def outputs(heads: int = 6, seed: int = 0) -> Outputs:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, 60)
    known = generator.normal(size=(heads, 60, 3)).astype(np.float32)
    known[:, np.arange(60), labels] += np.linspace(0.5, 2, heads)[:, None]
    unknown = generator.normal(size=(heads, 40, 3)).astype(np.float32)
    return Outputs(known, unknown, labels, np.arange(60), -1 - np.arange(40), "odin", T)


def validation(heads: int = 6) -> pd.DataFrame:
    return pd.DataFrame({"accuracy": np.linspace(0.5, 0.8, heads), "auroc": np.linspace(0.9, 0.7, heads)})


def test_windows_hold_what_lies_between_two_quantiles() -> None:
    values = np.arange(11.0)
    assert np.flatnonzero(inside_window(values, 50, 70)).tolist() == [5, 6, 7]
    assert inside_window(values, 0, 100).all()
    assert np.flatnonzero(inside_window(values, 85, 95)).tolist() == [9]


def test_a_mean_is_scored_by_its_largest_probability_at_the_temperature() -> None:
    logits = outputs().known.astype(float)
    expected = softmax(logits / T, axis=2).mean(axis=0).max(axis=1)
    np.testing.assert_allclose(np.exp(ensemble_scores(logits, "mean_probability", "odin", T)), expected, rtol=1e-12)
    expected = softmax(logits, axis=2).mean(axis=0).max(axis=1)
    found = ensemble_scores(logits, "mean_probability", "maximum_softmax", T)
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-12)


def test_a_vote_is_scored_by_its_share_and_then_by_the_mean_score() -> None:
    certain = [[9.0, 0, 0], [9, 0, 0], [9, 0, 0]]
    divided = [[9.0, 0, 0], [9, 0, 0], [0, 9, 0]]
    weaker = [[5.0, 0, 0], [5, 0, 0], [0, 5, 0]]
    logits = np.array([certain, divided, weaker, divided]).transpose(1, 0, 2)
    scores = ensemble_scores(logits, "majority_vote", "odin", T)
    assert scores[0] > scores[1] == scores[3] > scores[2]


def test_values_follow_from_the_logits() -> None:
    own = outputs()
    table = window_table(own, validation(), [(0, 100)], 1, 50).set_index(["criterion", "consensus", "measure"])
    probabilities = softmax(own.known.astype(float), axis=2)
    row = table.loc[("accuracy", "mean_probability", "accuracy")]
    singles = [(one.argmax(1) == own.labels).mean() for one in own.known]
    assert row["members"] == 6
    assert row["value"] == pytest.approx((probabilities.mean(0).argmax(1) == own.labels).mean())
    assert row["best_single"] == pytest.approx(max(singles))
    assert row["gain"] == pytest.approx(row["value"] - row["best_single"])
    row = table.loc[("auroc", "mean_probability", "auroc")]
    both = np.concatenate([own.known, own.unknown], axis=1).astype(float)
    expected = roc_auc_score(TRUTH, softmax(both / T, axis=2).mean(0).max(1))
    assert row["value"] == pytest.approx(expected)
    singles = [roc_auc_score(TRUTH, one.max(1) - one.mean(1)) for one in both]
    assert row["best_single"] == pytest.approx(max(singles), abs=2e-3)  # T = 1000 is almost the limit


def test_a_window_of_one_member_has_no_ensemble() -> None:
    table = window_table(outputs(), validation(), [(95, 100)], 1, 50)
    assert table["members"].eq(1).all()
    assert table[["value", "gain", "low", "high"]].isna().all(axis=None)


def test_intervals_are_those_of_images_drawn_again() -> None:
    own = outputs()
    row = window_table(own, validation(), [(0, 100)], 1, 2000).iloc[2]  # mean probability, accuracy
    assert (row["consensus"], row["measure"]) == ("mean_probability", "accuracy")
    right = softmax(own.known.astype(float), axis=2).mean(0).argmax(1) == own.labels
    singles = own.known.argmax(2) == own.labels
    best = singles[singles.mean(1).argmax()]
    generator = np.random.default_rng(1)
    drawn = generator.integers(60, size=(4000, 60))
    expected = np.percentile((right[drawn].astype(float) - best[drawn]).mean(1), [2.5, 97.5])
    np.testing.assert_allclose([row["low"], row["high"]], expected, atol=0.02)


def test_the_best_head_of_each_run_is_measured_against_its_unpruned_one() -> None:
    own, unpruned = outputs(), outputs(2, seed=3)
    unpruned = Outputs(unpruned.known, unpruned.unknown, own.labels, own.index, own.unknown_index, "odin", T)
    runs = [2, 1, 1, 2, 1, 2]  # validation accuracy rises with the place, AUROC falls
    found = gain_over_unpruned(own, unpruned, runs, validation()).set_index(["measure", "run"])
    assert found["place"].to_dict() == {("accuracy", 1): 4, ("accuracy", 2): 5, ("auroc", 1): 1, ("auroc", 2): 0}
    for run, place in ((1, 4), (2, 5)):
        row = found.loc[("accuracy", run)]
        assert row["value"] == pytest.approx((own.known[place].argmax(1) == own.labels).mean())
        assert row["unpruned"] == pytest.approx((unpruned.known[run - 1].argmax(1) == own.labels).mean())
        assert row["gain"] == row["value"] - row["unpruned"]
    both = np.concatenate([own.known[1], own.unknown[1]]).astype(float) / T
    assert found.loc[("auroc", 1), "value"] == pytest.approx(roc_auc_score(TRUTH, softmax(both, axis=1).max(1)))
