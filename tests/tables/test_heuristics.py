"""Means over seeds by heuristic, against SciPy and by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t, ttest_ind

from heterodox.tables.heuristics import difference_interval, mean_interval, summarise, with_heuristics


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
    table = pd.concat(
        [
            team("b", "gncl", "mean_logit", 0.2, [0.80, 0.82]),
            team("c", "gncl", "geometric_mean", 0.2, [0.87]),
            team("big", "gncl", "mean_logit", 0.8, [0.5]),
            team("b", "gncl", "mean_logit", 0.2, [0.7, 0.7], scored="majority_vote"),
            team("a", "independent", None, np.nan, [0.9, 0.9]),
        ],
        ignore_index=True,
    )
    found = summarise(table)
    assert found["seeds"].tolist() == [3, 1, 2, 2]
    assert found["accuracy"].tolist() == pytest.approx([0.83, 0.5, 0.7, 0.9])
    assert found["improvement"].tolist() == pytest.approx([0.33, 0, 0.2, 0.4])
    expected = t.interval(0.95, 2, 0.83, np.std([0.8, 0.82, 0.87], ddof=1) / np.sqrt(3))
    assert tuple(found.loc[0, ["accuracy_low", "accuracy_high"]]) == pytest.approx(expected)
    assert found.loc[1, ["accuracy_low", "accuracy_high"]].isna().all()
    assert found.loc[3, "penalty_consensus"] is None or pd.isna(found.loc[3, "penalty_consensus"])


def test_intervals_by_hand() -> None:
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx((2, 2 - 12.7062, 2 + 12.7062), abs=1e-4)
    assert mean_interval(np.array([0.7]))[0] == 0.7
    assert np.isnan(mean_interval(np.array([0.7]))[1:]).all()


def test_differences_are_welchs() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=4), generator.normal(1, 3, 6)
    interval = ttest_ind(first, second, equal_var=False).confidence_interval()
    expected = (first.mean() - second.mean(), interval.low, interval.high)
    assert difference_interval(first, second) == pytest.approx(expected)
    assert difference_interval(np.ones(2), np.zeros(3)) == (1, 1, 1)
    assert np.isnan(difference_interval(np.ones(1), second)[1:]).all()
