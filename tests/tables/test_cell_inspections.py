"""Calibration, debugging and confusion of invented cells against slow obvious versions and other libraries."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from scipy.stats import binned_statistic, pearsonr, spearmanr

from heterodox.tables import cell_inspections as tables
from tests.figures.cells import history, inspections

FEW = 60  # replicates


@pytest.fixture(scope="module")
def cells():
    return inspections()


def test_scores(cells) -> None:
    one = cells["cell_02"]
    assert tables.softmax_score(one) == pytest.approx(softmax(one.logits.astype(float), axis=1).max(axis=1))
    expected = [1 - one.distances[row, one.logits[row].argmax()] for row in range(len(one.labels))]
    assert tables.activation_score(one, one.predictions) == pytest.approx(expected)


def test_calibration_is_that_of_scipys_bins_with_an_interval_around_it(cells) -> None:
    table = tables.calibration(cells, FEW, 1)
    assert len(table) == 4 * 2 * 2
    row = table[(table["member"] == "cell_03") & (table["score"] == "softmax") & (table["bins"] == "unit")].iloc[0]
    one = cells["cell_03"]
    means, edges, _ = binned_statistic(tables.softmax_score(one), one.correct, "mean", 50, (0, 1))
    known = np.isfinite(means)
    assert row["pearson"] == pytest.approx(pearsonr(edges[:-1][known], means[known])[0])
    assert row["filled_bins"] == known.sum()
    assert row["test_accuracy"] == pytest.approx(np.mean(one.logits.argmax(1) == one.labels))
    inside = (table["spearman_low"] <= table["spearman"]) & (table["spearman"] <= table["spearman_high"])
    assert inside.mean() > 0.6
    assert (table["spearman_low"] < table["spearman_high"]).all()


def test_intervals_of_a_mean_are_those_of_theory() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = tables.resampled(lambda rows: values[rows].mean(), 400, 800, np.random.default_rng(1))
    half = 1.96 * values.std() / 20
    assert (float(low), float(high)) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_undefined_replicates_are_left_out() -> None:
    low, high = tables.resampled(
        lambda rows: np.array([np.nan, 1.0 if rows[0] else np.nan]), 5, 50, np.random.default_rng(0)
    )
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == (1, 1)


def test_debugging_compares_the_ends_of_introspectability(cells) -> None:
    table = tables.debugging(cells, FEW, 1)
    assert table.groupby("cell")["member"].first().to_dict() == {"highest": "cell_04", "lowest": "cell_01"}
    one = cells["cell_04"]
    score = 1 - one.distances[np.arange(300), one.predictions]
    kept = np.argsort(score, kind="stable")[30:]
    row = table[(table["task"] == "mispredictions") & (table["cell"] == "highest") & (table["percentile"] == 10)]
    assert row["value"].item() == pytest.approx(one.correct[kept].mean() - one.correct.mean())
    found = table[(table["task"] == "label_errors") & (table["percentile"] == 20)].set_index("cell")["value"]
    assert found["highest"] > found["lowest"] > 0.2  # made so that distances tell more; chance finds a fifth
    assert (table["low"] <= table["high"]).all()


def test_a_fifth_of_the_labels_is_flipped_alike_for_all_cells(cells) -> None:
    flawed = [tables.debugging_tasks(one, 1)[1][2](np.arange(300)) for one in cells.values()]
    assert all(rates[-1] == 1 for rates in flawed)


def test_confusion_is_the_rank_correlation_over_45_pairs(cells) -> None:
    table = tables.confusion(cells, FEW, 1)
    one = cells["cell_01"]
    taken = [
        sum((a, b) in ((i, j), (j, i)) for a, b in zip(one.labels, one.predictions, strict=True))
        for i in range(10)
        for j in range(i + 1, 10)
    ]
    near = [-one.pair_distances[i, j] for i in range(10) for j in range(i + 1, 10)]
    row = table[(table["member"] == "cell_01") & ~table["diagonal"]].iloc[0]
    assert row["spearman"] == pytest.approx(spearmanr(near, taken)[0])
    assert row["pairs"] == 45
    with_diagonal = table[table["diagonal"]].set_index("member")["pearson"]
    assert (with_diagonal > table[~table["diagonal"]].set_index("member")["pearson"]).all()


def test_costs_are_rank_correlations_over_cells() -> None:
    cells = history()
    table = tables.costs(cells, FEW, 1).set_index(["cost", "objective"])
    expected = spearmanr(cells["parameters"], cells["accuracy"])[0]
    assert table.loc[("parameters", "accuracy"), "spearman"] == pytest.approx(expected)
    error = cells["training_accuracy"] - cells["accuracy"]
    expected = spearmanr(error, cells["introspectability"])[0]
    assert table.loc[("generalisation_error", "introspectability"), "spearman"] == pytest.approx(expected)
    assert table.loc[("images_per_second", "introspectability"), "n"] == 40


def test_isomorphs_count_once_in_costs() -> None:
    cells = history().assign(key=history()["genome"])
    again = pd.concat([cells, cells.head(15).assign(genome="an isomorph")])
    pd.testing.assert_frame_equal(tables.costs(again, FEW, 1), tables.costs(cells, FEW, 1))
