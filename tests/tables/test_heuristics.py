"""Means over seeds by heuristic, against SciPy and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel

from heterodox.tables.heuristics import mean_interval, summarise, with_heuristics


def team(name, loss, consensus, strength, values, scored="mean_logit"):
    shared = {"team": name, "loss": loss, "penalty_consensus": consensus, "lambda": strength, "shift": "clean"}
    return pd.DataFrame(
        shared | {"seed": seed, "consensus": scored, "accuracy": value, "improvement": value - 0.5}
        for seed, value in enumerate(values)
    )


def test_penalties_of_the_same_gradient_are_one_heuristic() -> None:
    table = pd.concat(
        [
            team("a", "independent", None, np.nan, [0.8]),
            team("b", "gncl", "mean_logit", 0.2, [0.8]),
            team("c", "gncl", "geometric_mean", 0.2, [0.8]),
            team("d", "gncl", "median_logit", 0.2, [0.8]),
            team("e", "masked_gncl", "geometric_mean", 0.2, [0.8]),
            team("f", "masked_gncl", "majority_vote", 0.2, [0.8]),
            team("g", "balanced", "mean_logit", 0.2, [0.8]),
        ]
    )
    assert with_heuristics(table)["heuristic"].tolist() == [
        "independent",
        "gncl_mean_logit",
        "gncl_mean_logit",
        "gncl_median_logit",
        "masked_gncl",
        "masked_gncl_majority_vote",
        "balanced",
    ]


def test_seeds_are_averaged_by_heuristic_lambda_and_scoring() -> None:
    """Two names of one loss with one seed are one training, so they count once, by their mean."""
    table = pd.concat(
        [
            team("b", "gncl", "mean_logit", 0.2, [0.80, 0.82, 0.87]),
            team("c", "gncl", "geometric_mean", 0.2, [0.84]),
            team("big", "gncl", "mean_logit", 0.8, [0.5]),
            team("b", "gncl", "mean_logit", 0.2, [0.7, 0.7], scored="majority_vote"),
            team("a", "independent", None, np.nan, [0.9, 0.9]),
        ],
        ignore_index=True,
    )
    found = summarise(table)
    assert found["seeds"].tolist() == [3, 1, 2, 2]
    assert found["accuracy"].tolist() == pytest.approx([2.51 / 3, 0.5, 0.7, 0.9])
    assert found["improvement"].tolist() == pytest.approx([2.51 / 3 - 0.5, 0, 0.2, 0.4])
    expected = t.interval(0.95, 2, 2.51 / 3, np.std([0.82, 0.82, 0.87], ddof=1) / np.sqrt(3))
    assert tuple(found.loc[0, ["accuracy_low", "accuracy_high"]]) == pytest.approx(expected)
    assert found.loc[1, ["accuracy_low", "accuracy_high"]].isna().all()
    assert found.loc[3, "penalty_consensus"] is None or pd.isna(found.loc[3, "penalty_consensus"])


def test_gains_over_independent_teams_are_paired_by_seed() -> None:
    """As SciPy's paired t-test; unpaired, the spread of the seeds, far larger than the gain, would win.

    Votes are compared with votes: independent teams lose more by voting than these do by their loss.
    """
    plain = np.array([0.70, 0.78, 0.74, 0.82])
    gains = np.array([0.010, 0.012, 0.008, 0.011])
    table = pd.concat(
        [
            team("a", "independent", None, np.nan, plain),
            team("a", "independent", None, np.nan, plain - 0.1, scored="majority_vote"),
            team("b", "balanced", None, 0.2, plain + gains),
            team("v", "gncl", "majority_vote", 0.2, plain - gains, scored="majority_vote"),
        ]
    )
    found = summarise(table).drop(index=1).set_index("heuristic")
    interval = ttest_rel(plain + gains, plain).confidence_interval()
    bounds = ["gain", "gain_low", "gain_high"]
    assert found.loc["balanced", bounds].tolist() == pytest.approx([gains.mean(), interval.low, interval.high])
    assert found.loc["balanced", "gain_low"] > 0
    assert found.loc["gncl_majority_vote", "gain"] == pytest.approx(0.1 - gains.mean())
    assert found.loc["independent", bounds].tolist() == [0, 0, 0]


def test_a_gain_takes_the_seeds_that_both_have_and_is_missing_without_any() -> None:
    table = team("b", "balanced", None, 0.2, [0.8, 0.9, 0.7])
    plain = team("a", "independent", None, np.nan, [0.7, 0.5, 0.6])
    two = summarise(pd.concat([table, plain[plain["seed"] > 0]])).iloc[0]
    assert (two["seeds"], two["gain"]) == (3, pytest.approx((0.4 + 0.1) / 2))
    assert summarise(table)[["gain", "gain_low"]].isna().all(axis=None)


def test_intervals_by_hand() -> None:
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx((2, 2 - 12.7062, 2 + 12.7062), abs=1e-4)
    assert mean_interval(np.array([0.7]))[0] == 0.7
    assert np.isnan(mean_interval(np.array([0.7]))[1:]).all()
    assert np.isnan(mean_interval(np.array([]))).all()
