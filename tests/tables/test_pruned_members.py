"""Pruned members beside what the search knew of them, and how robustness goes together."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from heterodox.tables.pruned_members import correlations, members_table

ACCURACIES = pd.DataFrame(
    {
        "member": ["pruned_01"] * 2 + ["pruned_02"] * 2,
        "shift": ["clean", "lines-1.6"] * 2,
        "accuracy": [0.9, 0.7, 0.8, 0.75],
    }
)
HEADS = pd.DataFrame(
    {
        "kind": ["front", "front", "front", "unpruned"],
        "member": ["pruned_02", None, "pruned_01", None],
        "run": [1, 1, 2, 1],
        "active_share": [0.2, 0.3, 0.4, 1.0],
        "accuracy": [0.81, 0.5, 0.91, 0.9],
        "auroc": [0.7, 0.5, 0.6, 0.5],
        "test_auroc": [0.72, 0.5, 0.62, 0.5],
        "parameters": [20, 30, 40, 100],
    }
)


def test_a_row_has_what_is_lost_and_the_facts_of_its_member() -> None:
    table = members_table(ACCURACIES, HEADS).set_index(["member", "shift"])
    assert table["lost"].round(12).tolist() == [0, 0.2, 0, 0.05]
    row = table.loc[("pruned_01", "lines-1.6")]
    assert row[["run", "active_share", "validation_accuracy", "validation_auroc", "test_auroc"]].tolist() == [
        *[2, 0.4, 0.91, 0.6, 0.62]
    ]


def test_correlations_are_spearmans_over_members() -> None:
    generator = np.random.default_rng(0)
    count = 12
    members = pd.DataFrame({"member": [f"pruned_{place:02d}" for place in range(count)], "shift": "lines-1.6"})
    members["test_auroc"], members["active_share"] = generator.random((2, count))
    members["lost"] = 0.5 - members["test_auroc"] + 0.3 * generator.random(count)
    found = correlations(members, 1, 400).set_index("quantity")
    for name in ("test_auroc", "active_share"):
        row = found.loc[name]
        assert row["spearman"] == pytest.approx(spearmanr(members[name], members["lost"]).statistic)
        assert row["low"] < row["spearman"] < row["high"]
    assert found.loc["test_auroc", "high"] < 0


def test_members_that_lose_alike_have_no_correlation() -> None:
    members = pd.DataFrame(
        {"member": list("abc"), "shift": "lines-1.6", "lost": 0.1, "test_auroc": [1, 2, 3], "active_share": 1}
    )
    assert correlations(members, 1, 100)[["spearman", "low", "high"]].isna().all(axis=None)
