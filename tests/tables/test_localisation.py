import numpy as np
import pandas as pd
import pytest
from scipy import stats

from heterodox.tables import explanation_paper
from heterodox.tables.localisation import compared_sets, summaries
from tests.tables.explanations import scores


def one(table, **values):
    for column, value in values.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_row_is_the_paired_comparison_by_hand():
    every = scores()
    row = one(summaries(every, replicates=300), metric="iou", explained="mean")
    single = every[every["explained"] == "member"].groupby("case")["iou"].mean().to_numpy()
    averaged = every[every["explained"] == "mean"]["iou"].to_numpy()
    assert row["individual"] == pytest.approx(single.mean())
    assert row["value"] == pytest.approx(averaged.mean())
    assert row["difference"] == pytest.approx((averaged - single).mean())
    assert row["relative"] == pytest.approx((averaged - single).mean() / single.mean())
    assert row["t_p"] == pytest.approx(stats.ttest_rel(averaged, single).pvalue)
    assert row["low"] < row["difference"] < row["high"]
    assert row["relative_low"] < row["relative"] < row["relative_high"]
    assert row["stars"] == "****"
    assert (row["n"], row["not_counted"]) == (8, 0)


def test_the_bootstrap_interval_is_close_to_the_t_interval():
    every = scores(gain=0.0, cases=60)
    row = one(summaries(every, replicates=2000), metric="iou", explained="mean")
    single = every[every["explained"] == "member"].groupby("case")["iou"].mean().to_numpy()
    differences = every[every["explained"] == "mean"]["iou"].to_numpy() - single
    low, high = stats.t.interval(0.95, 59, differences.mean(), stats.sem(differences))
    assert row["low"] == pytest.approx(low, abs=0.2 * (high - low))
    assert row["high"] == pytest.approx(high, abs=0.2 * (high - low))


def test_the_control_is_compared_with_the_member_whose_draws_it_averages():
    """Of a method that draws nothing the control is the first member's own map, so it gains exactly nothing."""
    every = scores(spread=0.3)
    drawn = every["explained"] == "draws"
    first = every[every["member"] == 0].set_index("case")["iou"]
    every.loc[drawn, "iou"] = every.loc[drawn, "case"].map(first)
    table = summaries(every, replicates=100)
    row = one(table, metric="iou", explained="draws")
    assert row["individual"] == row["value"] == pytest.approx(first.mean())
    assert [row[name] for name in ("difference", "relative", "low", "high", "stars")] == [0, 0, 0, 0, ""]
    of_all = every[every["explained"] == "member"]["iou"].mean()
    assert one(table, metric="iou", explained="mean")["individual"] == pytest.approx(of_all)
    assert abs(of_all - first.mean()) > 0.05


def test_tests_are_over_images_and_means_over_cases():
    """Cases 0 to 4 are five parts of one image, which counts once."""
    every = scores(gain=0.05, cases=8, spread=0.05)
    every["part"] = every["case"].map(str)
    every["index"] = every["case"].clip(lower=4)
    row = one(summaries(every, replicates=100), metric="iou", explained="mean")
    single = every[every["explained"] == "member"].groupby("case")["iou"].mean()
    differences = every[every["explained"] == "mean"].set_index("case")["iou"] - single
    by_image = [differences[:5].mean(), *differences[5:]]
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["t_p"] == pytest.approx(stats.ttest_1samp(by_image, 0).pvalue)
    assert row["wilcoxon_p"] == pytest.approx(stats.wilcoxon(by_image).pvalue)
    assert row["effect_size"] == pytest.approx(np.mean(by_image) / np.std(by_image, ddof=1))
    assert (row["n"], row["images"]) == (8, 4)


def test_a_share_of_a_negative_score_keeps_the_sign_of_the_difference():
    every = scores(gain=0.1)
    every["correlation"] -= 3
    row = one(summaries(every, replicates=200), metric="correlation", explained="mean")
    assert row["individual"] < -1
    assert row["relative"] == pytest.approx(row["difference"] / -row["individual"])
    assert 0 < row["relative_low"] < row["relative"] < row["relative_high"]


def test_a_share_of_a_score_of_either_sign_has_no_interval():
    every = scores(gain=0.1)
    every["correlation"] -= every.loc[every["explained"] == "member", "correlation"].mean() - 0.01
    row = one(summaries(every, replicates=200), metric="correlation", explained="mean")
    assert row["low"] < row["difference"] < row["high"]
    assert row["relative"] == pytest.approx(row["difference"] / 0.01)
    assert np.isnan([row["relative_low"], row["relative_high"]]).all()


def test_cases_that_cannot_be_scored_are_left_out_and_counted():
    every = scores()
    every.loc[every["case"] == 3, ["iou"]] = np.nan
    table = summaries(every, replicates=100)
    row = one(table, metric="iou", explained="mean")
    assert (row["n"], row["not_counted"]) == (7, 1)
    assert one(table, metric="distance", explained="mean")["n"] == 8
    assert row["value"] == pytest.approx(every[every["explained"] == "mean"]["iou"].mean())


def test_a_case_that_any_member_cannot_be_scored_on_is_counted_on_neither_side():
    """Two of three Grad-CAM maps are constant in case 3: Ind-Avg of the third alone would be of other members."""
    every = scores()
    case, member = every["case"] == 3, every["explained"] == "member"
    every.loc[case & member, "correlation"] = [0.30, np.nan, np.nan]
    every.loc[case & member, "massless"] = [False, True, True]
    table = summaries(every, replicates=100)
    row = one(table, metric="correlation", explained="mean")
    assert (row["n"], row["not_counted"], row["massless"]) == (7, 1, 2)
    others = every[~case]
    assert row["individual"] == pytest.approx(others.loc[member, "correlation"].mean())
    assert row["value"] == pytest.approx(others.loc[others["explained"] == "mean", "correlation"].mean())
    control = one(table, metric="correlation", explained="draws")  # beside the first member, whose map has a score
    assert (control["n"], control["not_counted"], control["massless"]) == (8, 0, 0)
    assert one(table, metric="iou", explained="mean")["not_counted"] == 0
    shown = explanation_paper.paper_table("table_3", table, ["bill_vgg"])
    assert one(shown, explained="mean")[["not_counted", "massless"]].tolist() == [1, 2]


def test_a_case_that_the_average_cannot_be_scored_on_is_counted_on_neither_side():
    every = scores()
    every.loc[(every["case"] == 3) & (every["explained"] == "mean"), "correlation"] = np.nan
    row = one(summaries(every, replicates=100), metric="correlation", explained="mean")
    assert (row["n"], row["not_counted"]) == (7, 1)
    others = every[(every["case"] != 3) & (every["explained"] == "member")]
    assert row["individual"] == pytest.approx(others["correlation"].mean())


def test_other_ensembles_are_compared_with_one_member_on_the_same_images():
    single = scores("one", gain=0, seed=1)
    single = single[(single["explained"] != "member") | (single["member"] == 0)]
    buckets = scores("buckets", gain=0.3, seed=1).sample(frac=1, random_state=0)
    table = compared_sets(pd.concat([single, buckets]), "one", {"leave_one_bucket_out": "buckets"}, replicates=100)
    row = one(table, metric="distance", explained="leave_one_bucket_out")
    own = single[single["explained"] == "member"].sort_values("case")["distance"].to_numpy()
    others = buckets[buckets["explained"] == "mean"].sort_values("case")["distance"].to_numpy()
    assert row["difference"] == pytest.approx((others - own).mean())
    assert row["individual"] == pytest.approx(own.mean())


def test_table_7_has_the_control_of_its_one_member():
    single = scores("one", gain=0, seed=1)
    single = single[(single["explained"] != "member") | (single["member"] == 0)]
    both = pd.concat([single, scores("bags", gain=0.3, seed=1)])
    seven = compared_sets(both, "one", {"bagging": "bags"}, replicates=100)
    row = one(explanation_paper.paper_table("table_7", seven, ["one"]), explained="draws")
    own = {kind: single[single["explained"] == kind]["distance"].to_numpy() for kind in ("member", "draws")}
    assert row["ind_avg"] == pytest.approx(own["member"].mean())
    assert row["ens_avg"] == pytest.approx(own["draws"].mean())
    assert row["t_p"] == pytest.approx(stats.ttest_rel(own["draws"], own["member"]).pvalue)
    assert np.isnan(row["paper_ens_avg"])


def test_other_ensembles_are_compared_by_the_average_of_the_study():
    kinds = ["mean_logit", "median", "draws", "centre", "random"]  # no mean: the study averages by the median alone
    both = pd.concat([scores("one", kinds=kinds), scores("bags", seed=1, kinds=kinds)])
    row = one(
        compared_sets(both, "one", {"bagging": "bags"}, replicates=100, average="median"),
        metric="iou",
        explained="bagging",
    )
    medians = both[(both["member_set"] == "bags") & (both["explained"] == "median")]
    assert row["value"] == pytest.approx(medians["iou"].mean())


def test_a_table_of_the_paper_stands_beside_ours():
    methods = ("grad_cam", "gradient_shap-8", "occlusion")
    found = explanation_paper.paper_table("table_1", summaries(scores(methods=methods), replicates=100), ["bill_vgg"])
    row = one(found, method="gradient_shap-8", explained="mean")
    assert (row["paper_ind_avg"], row["paper_ens_avg"]) == (0.346, 0.334)
    assert np.isnan(one(found, method="occlusion", explained="mean")["paper_ind_avg"])
    assert np.isnan(one(found, method="grad_cam", explained="draws")["paper_ens_avg"])
    assert set(found["explained"]) == {"mean", "draws"}
    assert set(found["metric"]) == {"distance"}
    assert found[["centre", "random"]].notna().all(axis=None)


def test_tables_5_and_6_show_what_not_rescaling_does():
    every = summaries(scores("marks"), replicates=100)
    for name in ("table_5", "table_6"):
        found = explanation_paper.paper_table(name, every, ["marks"])
        assert set(found["explained"]) == {"mean", "draws", "not_rescaled"}
        assert tuple(dict.fromkeys(found["metric"])) == explanation_paper.TABLES[name].metrics
        assert (found["empty_masks"] == 4).all()


def test_table_6_is_of_the_sets_of_table_5():
    entries = {"table_5": "marks", "table_3": ["a", "b"], "table_1": None, "table_7": {"single": "c"}}
    assert explanation_paper.sets_of(entries) == {"table_3": ["a", "b"], "table_5": ["marks"], "table_6": ["marks"]}


@pytest.mark.parametrize("name", explanation_paper.TABLES)
def test_the_paper_prints_an_improvement_in_every_row_but_one(name):
    """Checks that no number was mistyped: all rows get better but Grad-CAM's union, which the text tells too."""
    worse = []
    for (method, metric), row in explanation_paper.TABLES[name].rows.items():
        sign = -1 if metric in ("distance", "union") else 1
        values = [row.ensemble] + ([row.bagging] if row.bagging is not None else [])
        worse += [(method, metric) for value in values if sign * (value - row.individual) <= 0]
    assert worse == ([("grad_cam", "union")] if name == "table_6" else [])
