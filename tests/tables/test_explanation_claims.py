import numpy as np
import pandas as pd
import pytest

from heterodox.tables.claims import claims_table
from heterodox.tables.explanation_claims import Study, claims, said_with_baselines, with_baselines
from heterodox.tables.explanation_paper import TABLES, paper_table
from heterodox.tables.localisation import compared_sets, summaries
from tests.tables.explanations import scores

FIVE = ("grad_cam", "input_x_gradient", "gradient_shap-8", "integrated_gradients-8", "saliency")


@pytest.fixture(scope="module")
def study():
    every = summaries(scores(methods=FIVE, gain=0.06), replicates=200)
    both = pd.concat([scores("one", gain=0), scores("bags", gain=0.1)])
    seven = paper_table("table_7", compared_sets(both, "one", {"bagging": "bags"}, replicates=100), ["one"])
    marks = summaries(scores("marks", methods=("lime-9", "saliency"), gain=0.06), replicates=200)
    five = paper_table("table_5", marks, ["marks"])
    tables = {"table_1": paper_table("table_1", every, ["bill_vgg"]), "table_5": five, "table_7": seven}
    return Study(tables, {"table_1": ["bill_vgg"], "table_5": ["marks"]})


@pytest.fixture(scope="module")
def found(study):
    return claims_table(claims(study), study).set_index("id")


def test_every_row_of_the_paper_has_a_direction_and_a_size(found):
    rows = sum(len(table.rows) * (2 if name == "table_7" else 1) for name, table in TABLES.items())
    ids = [name for name in found.index if name.startswith("table_")]
    assert len(ids) == 2 * rows == 2 * (5 + 5 + 5 + 5 + 4 + 8 + 12)
    assert found.index.is_unique


def test_the_direction_is_the_papers(found):
    assert found.loc["table_1-bill_vgg-saliency-distance-direction", "allowed"] == "below 0"
    assert found.loc["table_3-saliency-correlation-direction", "allowed"] == "above 0"
    assert found.loc["table_6-grad_cam-union-direction", "allowed"] == "above 0"
    assert found.loc["table_6-lime-union-direction", "allowed"] == "below 0"


def test_the_size_is_between_half_and_twice_the_papers_share(found):
    # Grad-CAM in Table 1: 0.395 to 0.328 is -17.0 %.
    row = found.loc["table_1-bill_vgg-grad_cam-distance-size"]
    low, high = (float(part) for part in row["allowed"].split(" to "))
    share = (0.328 - 0.395) / 0.395
    assert (low, high) == pytest.approx((2 * share, share / 2), abs=1e-5)


def test_a_gain_agrees_and_its_size_is_judged_by_the_interval(found):
    direction = found.loc["table_1-bill_vgg-grad_cam-distance-direction"]
    assert direction["verdict"] == "agrees"
    assert direction["value"] == pytest.approx(-0.06, abs=0.01)
    assert direction["unit"] == "cases, 0 not counted"
    # 4 % of about 1.5: within half and twice the 3.5 % of gradient SHAP, far below the 17 % of Grad-CAM.
    assert found.loc["table_1-bill_vgg-gradient_shap-distance-size", "verdict"] == "agrees"
    assert found.loc["table_1-bill_vgg-grad_cam-distance-size", "verdict"] == "differs"


def test_what_the_study_lacks_is_not_measured_with_the_reason(found):
    row = found.loc["table_2-grad_cam-distance-direction"]
    assert (row["verdict"], row["reason"]) == ("not measured", "the study has no table_2.csv")
    assert found.loc["auc", "verdict"] == "not measured"
    assert found.loc["table_7-grad_cam-distance-bagging-direction", "verdict"] == "agrees"
    assert found.loc["table_7-grad_cam-distance-leave_one_bucket_out-direction", "verdict"] == "not measured"


def test_the_curve_rises_by_the_gain_of_table_5_with_its_interval_over_images(study, found):
    table = study.tables["table_5"]
    row = table[(table["method"] == "lime-9") & (table["explained"] == "mean")].iloc[0]
    assert tuple(found.loc["figure_5-lime", ["value", "low", "high", "n"]]) == tuple(
        row[["difference", "low", "high", "n"]]
    )
    assert found.loc["figure_5-lime", "verdict"] == "agrees"
    assert found.loc["figure_5-grad_cam", "verdict"] == "not measured"


def test_answers_that_were_not_kept_are_not_measured(study):
    answers = pd.DataFrame({"member_set": ["bill_vgg"]})
    other = Study(study.tables | {"answers": answers}, study.sets)
    row = claims_table(claims(other), other).set_index("id").loc["auc"]
    assert row["verdict"] == "not measured"
    assert row["reason"] == "answers.csv has no row for marks, which is evaluated on another source"


def test_the_control_compares_members_with_draws(found):
    row = found.loc["control-table_1-gradient_shap"]
    assert row["value"] == pytest.approx(-0.06, abs=0.02)
    assert row["allowed"] == "below 0"


def test_scores_and_baselines_stand_beside_each_row(study, found):
    table = with_baselines(found.reset_index(), study)
    row = table[table["id"] == "table_1-bill_vgg-saliency-distance-size"].iloc[0]
    ours = study.tables["table_1"]
    ours = ours[(ours["method"] == "saliency") & (ours["explained"] == "mean")].iloc[0]
    for name in ("ind_avg", "ens_avg", "centre", "random"):
        assert row[name] == ours[name]
    assert np.isfinite(table[table["id"] == "table_7-grad_cam-distance-bagging-size"]["centre"].iloc[0])
    words = said_with_baselines(table)
    assert "random map" in words[words["id"] == row["id"]]["quantity"].iloc[0]
    assert "nan" not in "".join(words["quantity"])
