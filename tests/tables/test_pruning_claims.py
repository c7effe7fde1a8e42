"""The claims of the pruning paper: what answers them, by hand, and what they do without their tables."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from heterodox.tables.claims import claims_table
from heterodox.tables.pruning_claims import CLAIMS, Study


def tables() -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(0)
    bounds = {"low": 0.01, "high": 0.03}
    windows = [
        {"consensus": consensus, "measure": measure, "gain": gain, "low": gain - 0.01, "high": gain + 0.01}
        for consensus in ("majority_vote", "mean_probability")
        for measure in ("accuracy", "auroc")
        for gain in (0.02, 0.04, np.nan)
    ]
    heads = pd.DataFrame(
        [
            # Five masks of run 1 are better by 0.02, the only one of run 2 by 0.04.
            {
                "kind": kind,
                "run": 1 + (place == 5),
                "place": place,
                "test_accuracy": 0.8 + 0.01 * place + extra * (1 + (place == 5)),
                "test_auroc": 0.7 - extra if place < 5 else 0.7 + extra,
            }
            for kind, extra in (("front", 0.02), ("magnitude", 0.0), ("random", -0.1))
            for place in range(6)
        ]
    )
    comparisons = pd.DataFrame(
        [
            {"comparison": "search - random", "measure": "hypervolume", "value": 0.02, **bounds, "n": 3},
            # What the search found on validation images decides nothing.
            {"comparison": "search - unpruned", "measure": "area", "value": 0.02, **bounds, "n": 3},
            {"comparison": "search - unpruned", "measure": "test_box", "value": 0, "low": -0.01, "high": 0.03, "n": 3},
        ]
    )
    evaluations = pd.DataFrame(
        {
            "scope": "features",
            "kind": ["nsga2"] * 4 + ["random"],
            "run": [1, 1, 2, 2, 1],
            "error": [0.2, 0.1, 0.1, 0.3, 0.0],
            "active_share": [0.1, 0.5, 0.7, 0.2, 0.9],
        }
    )
    gains = pd.DataFrame(
        {
            "measure": ["accuracy"] * 3 + ["auroc"] * 3,
            "run": [1, 2, 3] * 2,
            "value": [0.81, 0.82, 0.83, 0.7, 0.7, 0.7],
            "unpruned": [0.80, 0.80, 0.80, 0.71, 0.72, 0.69],
        }
    )
    front = pd.DataFrame({"rank": [0] * 8 + [1], "error": np.arange(9.0), "active_share": -np.arange(9.0)})
    front.loc[8, "active_share"] = 99
    random = {f"random_{draw:02d}": generator.random(30) / 2 for draw in range(1, 21)}
    attention = pd.DataFrame({"top": generator.random(30) / 2 + 0.4, **random})
    attention.loc[3, "top"] = attention.loc[4, "random_02"] = np.nan  # constant maps
    resilience = pd.DataFrame(
        {"quantity": ["test_auroc"] * 2, "spearman": [-0.5, -0.7], "low": [-0.9, -0.9], "high": [0.1, -0.1], "n": 10}
    )
    agreement = pd.DataFrame(
        {"objective": ["error", "auroc_loss"], "spearman": [0.8, 0.9], "low": 0.6, "high": 0.95, "n": 20}
    )
    return {
        "comparisons": comparisons,
        "evaluations": evaluations,
        "gains": gains,
        "ensembles": pd.DataFrame(windows),
        "heads": heads,
        "front": front,
        "attention": attention,
        "resilience": resilience,
        "recipe_agreement": agreement,
    }


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    return claims_table(CLAIMS, Study(tables(), 1, 300, "features")).set_index("id")


def test_differences_over_runs_decide_by_their_bounds(answers: pd.DataFrame) -> None:
    assert answers.loc["beats-random", ["value", "low", "high", "n", "verdict"]].tolist() == [
        0.02,
        0.01,
        0.03,
        3,
        "agrees",
    ]
    assert answers.loc["beats-unpruned", "verdict"] == "undecided"
    assert answers.loc["accuracy-gain", "verdict"] == "agrees"
    numbers = ["value", "low", "high", "n"]
    assert answers.loc["accuracy-gain", numbers].tolist() == pytest.approx([0.02, 0.01, 0.03, 3])
    # One of three runs wins: nothing is decided.
    assert answers.loc["robustness-gain", "verdict"] == "undecided"
    assert answers.loc["robustness-gain", numbers].tolist() == pytest.approx([-0.02 / 3, -0.02, 0.01, 3])


def test_the_most_accurate_mask_of_each_searched_run_counts(answers: pd.DataFrame) -> None:
    row = answers.loc["fewer-neurons"]  # 0.5 in run 1, 0.7 in run 2
    assert row[["value", "low", "high"]].tolist() == pytest.approx([0.6, 0.5, 0.7])
    assert row["verdict"] == "agrees"


def test_the_trade_off_is_that_of_the_merged_front(answers: pd.DataFrame) -> None:
    front = tables()["front"].iloc[:8]
    expected = spearmanr(front["error"], front["active_share"]).statistic
    assert answers.loc["size-against-error", "value"] == pytest.approx(expected) == pytest.approx(-1)


def test_masks_of_equal_density_are_compared_run_by_run(answers: pd.DataFrame) -> None:
    numbers = ["value", "low", "high", "n"]
    assert answers.loc["beats-magnitude", numbers].tolist() == pytest.approx([0.03, 0.02, 0.04, 2])
    assert answers.loc["beats-magnitude", "verdict"] == "agrees"
    assert answers.loc["beats-magnitude-robustness", numbers].tolist() == pytest.approx([0, -0.02, 0.02, 2])
    assert answers.loc["beats-magnitude-robustness", "verdict"] == "undecided"


def test_ensembles_are_averaged_over_the_windows_that_have_one(answers: pd.DataFrame) -> None:
    row = answers.loc["ensembles-auroc-majority-vote"]
    assert row[["value", "low", "high", "n"]].tolist() == pytest.approx([0.03, 0.02, 0.04, 2])


def test_maps_correlations_and_recipes(answers: pd.DataFrame) -> None:
    attention = tables()["attention"]
    top = attention.pop("top")
    assert answers.loc["same-places", ["value", "n"]].tolist() == pytest.approx([top.dropna().mean(), 29])
    differences = [np.nanmean(top - attention[name]) for name in attention]
    low, high = np.percentile(differences, [2.5, 97.5])
    found = answers.loc["same-places-over-chance", ["value", "low", "high", "n"]].tolist()
    assert found == pytest.approx([np.mean(differences), low, high, 20])
    assert answers.loc["robust-in-both", ["value", "verdict"]].tolist() == [pytest.approx(-0.6), "undecided"]
    assert answers.loc["reduced-recipe", ["value", "verdict"]].tolist() == [pytest.approx(0.85), "agrees"]


def test_two_of_twenty_random_sets_that_agree_better_leave_it_undecided() -> None:
    known = tables()
    for name in ("random_07", "random_20"):
        known["attention"][name] = known["attention"]["top"] + 0.1
    found = claims_table(CLAIMS, Study(known, 1, 300, "features")).set_index("id")
    assert found.loc["same-places-over-chance", "verdict"] == "undecided"


@pytest.mark.parametrize("values", [{}, {"top": [np.nan], "random_01": [0.5]}], ids=["units", "constant maps"])
def test_without_maps_of_features_places_are_not_measured(values: dict[str, list[float]]) -> None:
    attention = pd.DataFrame(values, columns=["top", "random_01"])
    found = claims_table(CLAIMS, Study(tables() | {"attention": attention}, 1, 300, "features")).set_index("id")
    for claim in ("same-places", "same-places-over-chance"):
        assert found.loc[claim, "verdict"] == "not measured"


def test_without_tables_every_claim_says_what_is_missing() -> None:
    found = claims_table(CLAIMS, Study({}, 1, 100, "features"))
    assert (found["verdict"] == "not measured").all()
    assert found["reason"].str.contains("pruning_").all()


def test_claims_have_names_of_their_own() -> None:
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
