"""What the claims of the cell paper ask of a study, against values by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from heterodox.tables import cell_inspections, cell_searches, cell_study
from heterodox.tables.cell_claims import CLAIMS
from heterodox.tables.cell_study import CellStudy
from heterodox.tables.claims import NotMeasuredError, claims_table
from tests.figures.cells import histories, history, inspections


def tables() -> dict[str, pd.DataFrame]:
    known, cells = histories(), inspections(8)
    front = cell_searches.front_of(known["multi"])
    trials = np.array([-3.0, -1, -2, -4])
    return {
        "cell_searches": cell_searches.summarise(known, 10, "reduced"),
        "cell_evaluations": cell_searches.with_layer_counts(cell_searches.all_cells(known)),
        "cell_heritability": cell_searches.heritabilities(known["multi"], 50, 1),
        "cell_motifs": cell_searches.motifs(front),
        "cell_costs": cell_inspections.costs(history(), 50, 1),
        "cell_calibration": cell_inspections.calibration(cells, 30, 1),
        "cell_debugging": cell_inspections.debugging(cells, 30, 1),
        "cell_confusion": cell_inspections.confusion(cells, 30, 1),
        "cell_repair": pd.DataFrame({"confused_change": trials, "accuracy_change": trials / 1000}),
    }


@pytest.fixture(scope="module")
def study() -> CellStudy:
    return CellStudy(tables(), seed=1, replicates=200)


def test_every_claim_is_measured_on_a_whole_study(study: CellStudy) -> None:
    found = claims_table(CLAIMS, study)
    assert len(found) == 29
    assert found["id"].is_unique
    assert (found["verdict"] != "not measured").all()
    known = found["low"].notna()
    assert (found["low"] <= found["value"] + 1e-9)[known].all()
    extremes = found["quantity"].str.contains("hypervolume|largest")
    assert (found.loc[~known, "verdict"] == "undecided").all()
    assert extremes.sum() == 5
    assert (known == ~extremes).all()


def test_searches_are_compared_by_their_own_cells(study: CellStudy) -> None:
    known = histories()
    expected = cell_searches.covered(known["multi"], 10) - cell_searches.covered(known["single"], 10)
    found = cell_study.compared_searches("multi", "single", "hypervolume").find(study)
    assert found.value == pytest.approx(expected)
    assert np.isnan([found.low, found.high]).all()  # one run tells nothing of the best that another finds
    found = cell_study.compared_searches("multi", "single", "median accuracy").find(study)
    expected = known["multi"]["accuracy"].median() - known["single"]["accuracy"].median()
    assert found.value == pytest.approx(expected)
    assert found.low < found.high


def test_layers_along_the_front(study: CellStudy) -> None:
    front = cell_searches.with_layer_counts(cell_searches.front_of(histories()["multi"]))
    found = cell_study.correlation_of_cells("accuracy", "convolutions", front=True).find(study)
    assert found.value == pytest.approx(spearmanr(front["accuracy"], front["convolutions"])[0])
    assert found.n == len(front)


def test_the_lead_of_an_operation(study: CellStudy) -> None:
    shares = cell_searches.operations(cell_searches.front_of(histories()["multi"])).set_index("operation")["share"]
    others = shares.drop("nor_conv_3x3").max()
    assert cell_study.operation_lead().find(study).value == pytest.approx(shares["nor_conv_3x3"] - others)


def test_calibration_leads_only_above_the_threshold(study: CellStudy) -> None:
    table = study.rows("cell_calibration", bins="unit")
    wide = table.pivot(index="member", columns="score", values="pearson")
    above = table[table["introspectability"] > 0.18]["member"].unique()
    expected = (wide["activations"] - wide["softmax"])[above].mean()
    found = cell_study.calibration_lead(0.18).find(study)
    assert (found.value, found.n) == (pytest.approx(expected), len(above))
    with pytest.raises(NotMeasuredError, match="above 9"):
        cell_study.calibration_lead(9).find(study)


def test_debugging_and_confusion_compare_the_ends(study: CellStudy) -> None:
    table = study.rows("cell_debugging", task="label_errors", percentile=20).set_index("cell")["value"]
    assert cell_study.debugging_lead("label_errors", 20).find(study).value == pytest.approx(
        table["highest"] - table["lowest"]
    )
    rows = study.rows("cell_confusion", diagonal=False).sort_values("introspectability")["pearson"]
    assert cell_study.confusion("ends").find(study).value == pytest.approx(rows.iloc[-1] - rows.iloc[0])
    assert cell_study.confusion(None).find(study).value == pytest.approx(rows.mean())


def test_repairs_are_means_over_trials(study: CellStudy) -> None:
    found = cell_study.repaired("confused").find(study)
    assert (found.value, found.n) == (-2.5, 4)
    assert found.high < 0


def test_a_study_without_a_table_leaves_its_claims_unmeasured() -> None:
    known = tables()
    del known["cell_repair"]
    found = claims_table(CLAIMS, CellStudy(known, replicates=50)).set_index("id")
    assert found.loc["repair-accuracy", "verdict"] == "not measured"
    assert "cell_repair.csv" in found.loc["repair-accuracy", "reason"]


def test_few_cells_have_no_interval() -> None:
    known = tables()
    known["cell_evaluations"] = known["cell_evaluations"].groupby("search").head(4)
    found = cell_study.compared_searches("multi", "single", "median accuracy").find(CellStudy(known, replicates=50))
    assert np.isnan([found.low, found.high]).all()


def test_rows_without_a_value_count_in_no_claim() -> None:
    known = tables()
    for name, column in (
        ("cell_evaluations", "introspectability"),
        ("cell_calibration", "pearson"),
        ("cell_confusion", "pearson"),
    ):
        known[name].loc[known[name].index[::3], column] = np.nan
    study = CellStudy(known, replicates=20)
    cells = study.rows("cell_evaluations", search="multi").dropna(subset=["introspectability"])
    found = cell_study.correlation_of_cells("accuracy", "introspectability", front=False).find(study)
    assert found.value == pytest.approx(spearmanr(cells["accuracy"], cells["introspectability"])[0])
    assert found.n == len(cells)
    rows = study.rows("cell_calibration", score="activations", bins="unit").dropna(subset=["pearson"])
    found = cell_study.calibration_by_introspectability().find(study)
    assert found.value == pytest.approx(spearmanr(rows["introspectability"], rows["pearson"])[0])
    rows = study.rows("cell_confusion", diagonal=False)["pearson"].dropna()
    found = cell_study.confusion(None).find(study)
    assert (found.value, found.n) == (pytest.approx(rows.mean()), len(rows))


def test_isomorphs_count_once_in_the_trade_off() -> None:
    known = tables()
    cells = known["cell_evaluations"]
    cells["key"] = cells["search"] + cells["genome"]
    known["cell_evaluations"] = pd.concat([cells, cells[cells["search"] == "multi"].head(15)])
    quantity = cell_study.correlation_of_cells("accuracy", "introspectability", front=False)
    found = quantity.find(CellStudy(known, replicates=20))
    assert found == quantity.find(CellStudy(known | {"cell_evaluations": cells}, replicates=20))


def test_claims_say_how_many_fronts_stand_for_the_front(study: CellStudy) -> None:
    several = CellStudy(study.tables, fronts=4, replicates=20)
    for quantity in (
        cell_study.correlation_of_cells("accuracy", "convolutions", front=True),
        cell_study.operation_lead(),
        cell_study.motif_share(1),
    ):
        assert quantity.find(study).unit == "cells of the front"
        assert quantity.find(several).unit == "cells of the first 4 fronts"
