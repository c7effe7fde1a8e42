"""Measurements against values picked from the tables and computed in plain steps."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, t, ttest_rel

from heterodox.ensembles.bootstrap import ensemble_weights
from heterodox.tables import resilience_study as measure
from heterodox.tables.claims import NotMeasuredError
from heterodox.tables.resilience_study import clean, corrupted, every, jackknife, not_clean
from heterodox.tables.team_training import COLUMNS, training_table
from heterodox.training.loop import Progress
from heterodox.training.sweeps import sweep_row
from heterodox.training.team_members import TrainedTeam
from tests.tables.studies import CORRUPTIONS, MEMBERS, SHIFTS, whole_study

STUDY = whole_study()
MAIN = "gncl-mean_logit-0.2"


def row_mean(table: str, columns: tuple[str, str, str], shifts, **keys) -> list[float]:
    rows = STUDY.tables[table]
    for name, value in keys.items():
        rows = rows[rows[name].isna() if value is None else rows[name] == value]
    rows = rows[rows["shift"].isin(shifts)]
    assert len(rows) == len(shifts)
    return rows[list(columns)].mean().tolist()


def seeds(team: str, column: str, shifts) -> np.ndarray:
    rows = STUDY.tables["teams"]
    rows = rows[(rows["team"] == team) & rows["shift"].isin(shifts)]
    return rows.groupby("seed")[column].mean().to_numpy()


PLAIN, DIFFERENCE = ("value", "low", "high"), ("difference", "low", "high")


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (
            measure.regression("class - others", "share"),
            row_mean("single_model_regression", PLAIN, CORRUPTIONS, factor="class - others"),
        ),
        (
            measure.matched_pairs("distillation", corrupted),
            row_mean("matched_pairs", DIFFERENCE, CORRUPTIONS, comparison="distillation", first=None),
        ),
        (measure.matched_pairs("shifted_minus_clean", not_clean, single=True), [-0.2, -0.3, 0.0]),
        (
            measure.correlation("subnetworks", "disagreement", clean),
            row_mean(
                "trends", ("pearson", "pearson_low", "pearson_high"), ["clean"],
                pool="subnets", metric="disagreement", consensus="mean_logit",
            ),
        ),
        (
            measure.compared("architectures", "attribution_diversity", "disagreement", not_clean, "majority_vote"),
            row_mean(
                "comparisons", PLAIN, SHIFTS[1:], pool="mixed", statistic="pearson", consensus="majority_vote",
                first="attribution_diversity", second="disagreement",
            ),
        ),
        (
            measure.level("architectures", "share_above_zero", every),
            row_mean(
                "comparisons", PLAIN, SHIFTS, pool="mixed", statistic="share_above_zero", consensus="mean_logit",
                first=None,
            ),
        ),
        (
            measure.consensus_difference("architectures", "share_above_zero", "majority_vote", "mean_logit", clean),
            row_mean("comparisons", PLAIN, ["clean"], pool="mixed", statistic="share_above_zero", consensus=None),
        ),
        (measure.difficulty("covariance", every), [0.1, 0.0, 0.3]),
    ],
)  # fmt: skip
def test_a_statistic_of_the_tables_is_found_with_its_interval(quantity, expected) -> None:
    assert list(quantity.find(STUDY)[:3]) == pytest.approx(expected)


def test_the_mean_agreement_of_methods_is_the_row_without_names() -> None:
    assert measure.method_agreement(STUDY)[:4] == (0.99, 0.98, 0.995, 15)


def test_heuristics_are_compared_seed_by_seed() -> None:
    own, other = (seeds(name, "accuracy", CORRUPTIONS) for name in ("attribution-None-0.001", MAIN))
    found = measure.heuristics_against("attribution", "gncl_mean_logit", "accuracy", corrupted).find(STUDY)
    interval = ttest_rel(own, other).confidence_interval()
    assert found[:3] == pytest.approx((own.mean() - other.mean(), interval.low, interval.high))
    assert found[3:] == (3, "seeds")


def test_enforced_diversity_takes_all_variants_and_no_other_lambda() -> None:
    names = [name for name in STUDY.teams if "gncl" in name]
    assert len(names) == 5
    own = np.mean([seeds(name, "accuracy", CORRUPTIONS) for name in names], axis=0)
    other = seeds("independent-None-None", "accuracy", CORRUPTIONS)
    interval = ttest_rel(own, other).confidence_interval()
    found = measure.enforced_against_independent(STUDY)
    assert found[:3] == pytest.approx((own.mean() - other.mean(), interval.low, interval.high))
    assert found[3:] == (3, "seeds")


def test_heuristics_without_a_common_seed_are_not_compared() -> None:
    teams = STUDY.tables["teams"]
    apart = teams[(teams["seed"] == 1) == (teams["loss"] == "attribution")]
    quantity = measure.heuristics_against("attribution", "gncl_mean_logit", "accuracy", corrupted)
    with pytest.raises(NotMeasuredError, match="no seed in common"):
        quantity.find(whole_study(tables=STUDY.tables | {"teams": apart}))


def with_balanced(advantages: dict[str, float]):
    """Return the study where balanced teams are better than others of their seed by this much, give or take 0.001."""
    teams = STUDY.tables["teams"].copy()
    teams["accuracy"] = 0.7 + 0.001 * teams["seed"]
    for shift, gain in advantages.items():
        balanced = (teams["loss"] == "balanced") & (teams["shift"] == shift)
        teams.loc[balanced, "accuracy"] += gain + 0.001 * (2 - teams["seed"])
    return whole_study(tables=STUDY.tables | {"teams": teams}, corruptions=list(advantages))


def test_balanced_wins_are_counted_with_what_the_intervals_leave_open() -> None:
    found = measure.balanced_wins(with_balanced({"lines-1.6": 0.1, "fog-1.0": -0.1, "v2": 0.0005}))
    assert found[:4] == pytest.approx((2 / 3, 1 / 3, 2 / 3, 3))
    one_seed = with_balanced({"lines-1.6": 0.1, "fog-1.0": -0.1})
    teams = one_seed.tables["teams"]
    lone = whole_study(tables=one_seed.tables | {"teams": teams[teams["seed"] == 1]}, corruptions=CORRUPTIONS)
    assert measure.balanced_wins(lone)[:3] == (0.5, 0, 1)


def test_of_the_lambdas_above_the_papers_three_of_four_diverged() -> None:
    found = measure.larger_lambda(STUDY)
    assert (found.value, found.n) == (0.75, 4)
    teams_alone = STUDY.tables["team_training"].query("loss != 'gncl'")
    with pytest.raises(NotMeasuredError, match="no row"):
        measure.larger_lambda(whole_study(tables=STUDY.tables | {"team_training": teams_alone}))


def test_a_training_that_ends_at_chance_failed_though_its_loss_stayed_sane() -> None:
    history = [{"cross_entropy": math.log(10), "diversity": 0.0, "team_validation_accuracy": 0.10}]
    spec = {
        "wildcards": {"sweep": "gncl", "team": "toy", "seed": "1"},
        "config": {"team": {"archs": ["vgg", "vgg"], "loss": "gncl", "lambda": 1.0}, "recipe": {"epochs": 1}},
    }
    ended = TrainedTeam([], Progress(epoch=1, history=history, best_epoch=1))
    table = training_table([], [pd.DataFrame([sweep_row(spec, ended, 10)], columns=COLUMNS)])
    assert table["diverged_epoch"].isna().all()
    assert measure.larger_lambda(whole_study(tables={"team_training": table}))[:1] == (1.0,)
    better = table.assign(team_validation_accuracy=0.2)  # twice chance
    assert measure.larger_lambda(whole_study(tables={"team_training": better}))[:1] == (0.0,)


def direct_pool(values: pd.Series) -> tuple[float, float, float]:
    """Return the mean and its bootstrap over members with every ensemble repeated as often as it was drawn."""
    places = np.array([[MEMBERS.index(name) for name in ensemble.split("+")] for ensemble in values.index])
    drawn = []
    for replicate in range(STUDY.replicates):
        weights = next(w for w in ensemble_weights(STUDY.seed, replicate, 5, places) if w.any())
        drawn.append(np.repeat(values.to_numpy(), weights).mean())
    return values.mean(), *np.percentile(drawn, [2.5, 97.5])


def ensembles_on(shift: str) -> pd.DataFrame:
    table = STUDY.tables["ensembles"]
    return table[table["shift"] == shift].set_index("ensemble")


def test_a_pools_mean_is_bootstrapped_over_members() -> None:
    found = measure.pool_mean(STUDY, lambda rows: rows["attribution_diversity"], "v2")
    assert found[:4] == pytest.approx((*direct_pool(ensembles_on("v2")["attribution_diversity"]), 10))


def test_equitability_rises_by_what_each_ensemble_rises() -> None:
    means = {shift: measure.mean_equitability(ensembles_on(shift)) for shift in SHIFTS}
    expected = np.mean([direct_pool(means[shift] - means["clean"]) for shift in CORRUPTIONS], axis=0)
    assert list(measure.shifted_equitability(STUDY)[:3]) == pytest.approx(expected)


def test_the_equitability_gap_of_pool_and_teams() -> None:
    gaps = [ensembles_on(s)["equitability_incorrect"] - ensembles_on(s)["equitability_correct"] for s in SHIFTS]
    expected = np.mean([direct_pool(gap) for gap in gaps], axis=0)
    assert list(measure.pool_equitability_gap(STUDY)[:3]) == pytest.approx(expected)
    own = seeds(MAIN, "equitability_incorrect", SHIFTS) - seeds(MAIN, "equitability_correct", SHIFTS)
    found = measure.team_equitability_gap("gncl_mean_logit").find(STUDY)
    assert found[:3] == pytest.approx((own.mean(), *t.interval(0.95, 2, own.mean(), own.std(ddof=1) / np.sqrt(3))))


def test_pool_and_teams_are_independent_estimates() -> None:
    quantity = measure.pool_against_heuristic("gncl_mean_logit", "equitability", clean)
    pool = direct_pool(measure.mean_equitability(ensembles_on("clean")))
    own = (seeds(MAIN, "equitability_incorrect", ["clean"]) + seeds(MAIN, "equitability_correct", ["clean"])) / 2
    half = t.ppf(0.975, 2) * own.std(ddof=1) / np.sqrt(3)
    found = quantity.find(STUDY)
    assert found.value == pytest.approx(pool[0] - own.mean())
    assert found.value - found.low == pytest.approx(np.hypot(pool[0] - pool[1], half))
    assert found.high - found.value == pytest.approx(np.hypot(pool[2] - pool[0], half))


def test_the_heterogeneous_ensemble_is_found_in_any_order_of_its_members() -> None:
    found = measure.heterogeneous_accuracy_against("attribution").find(STUDY)
    accuracy = ensembles_on("clean").loc["a+b+c", "accuracy"]
    assert found.value == pytest.approx(accuracy - seeds("attribution-None-0.001", "accuracy", ["clean"]).mean())


def test_jackknife_of_pairs_made_of_their_members_by_hand() -> None:
    """Pairs are sums of their members' values, so their mean varies as twice the mean of the members does."""
    own = {"p": 1.0, "q": 2.0, "r": 6.0, "s": 3.0}
    pairs = pd.Series({(a, b): own[a] + own[b] for a in own for b in own if a < b})
    mean, variance, n = jackknife(pairs)
    assert (mean, n) == (6, 4)
    assert variance == pytest.approx(4 * np.var(list(own.values()), ddof=1) / 4)


def test_a_teams_pairs_are_compared_with_anothers() -> None:
    table = STUDY.tables["similarity"].groupby(["team", "first", "second"])["cka"].mean()
    (first, one, _), (second, two, _) = jackknife(table["Maps"]), jackknife(table["Mixed"])
    found = measure.similarity_against("attribution", "heterogeneous").find(STUDY)
    half = t.ppf(0.975, 2) * np.sqrt(one + two)
    assert found[:3] == pytest.approx((first - second, first - second - half, first - second + half))
    assert (found.n, found.unit) == (3, "members against 3")


def test_a_third_of_the_depth_is_compared_with_the_other_two() -> None:
    table = STUDY.tables["similarity"]
    wide = table[table["team"] == "Mixed"].pivot(index=["first", "second"], columns="part", values="cka")
    gaps = wide["middle"] - (wide["first"] + wide["last"]) / 2
    assert measure.similarity_of_part("heterogeneous", "middle").find(STUDY).value == pytest.approx(gaps.mean())


def test_divergence_is_a_share_with_wilsons_interval() -> None:
    interval = binomtest(3, 4).proportion_ci(method="wilson")
    assert measure.diverged_share(STUDY)[:4] == pytest.approx((0.75, interval.low, interval.high, 4))


def test_the_overhead_is_that_of_the_literal_loss_on_all_images_of_a_batch() -> None:
    found = measure.attribution_overhead(STUDY)
    assert (found.value, found.n) == (pytest.approx(2 + 11.11 / 4), 4)
    training = STUDY.tables["team_training"]
    few = whole_study(
        tables=STUDY.tables | {"team_training": training[training["explained"].notna() | (training["loss"] == "gncl")]}
    )
    with pytest.raises(NotMeasuredError, match="no row"):
        measure.attribution_overhead(few)


@pytest.mark.parametrize(
    ("quantity", "changes", "said"),
    [
        (
            measure.correlation("subnetworks", "disagreement", clean),
            {"subnetworks": None},
            "no pool of a super-network",
        ),
        (measure.correlation("architectures", "taste", clean), {}, "trends.csv has no row for .*metric taste"),
        (measure.regression("class - others", "share"), {"corruptions": []}, "no corruption"),
        (measure.regression("class - others", "share"), {"tables": {}}, "has no single_model_regression.csv"),
        (measure.difficulty("covariance", clean), {"families": []}, "no two families"),
        (measure.similarity_against("attribution", "prediction"), {"exhibits": None}, "names no attribution team"),
        (measure.team_equitability_gap("taste"), {}, "no team of the heuristic taste"),
        (measure.heterogeneous_accuracy_against("attribution"), {"heterogeneous_members": ["x"]}, "no pool holds"),
    ],
)
def test_what_is_missing_is_said(quantity, changes, said) -> None:
    with pytest.raises(NotMeasuredError, match=said):
        quantity.find(whole_study(**changes))
