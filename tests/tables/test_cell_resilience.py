"""Cells as members, the wide cell and two recipes: tables by hand and against scipy."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile, write_dump
from heterodox.tables import cell_resilience as tables

CELLS = [f"cell_{place:02d}" for place in range(1, 9)]


def described(member: str, introspectability: float) -> dict:
    return {
        "member": member,
        "genome": "|x|",
        "parameters": 10,
        "accuracy": 0.5,
        "objective": introspectability,
        "introspectability": -1.0,  # another definition than the study's objective
    }


def test_members_by_hand(tmp_path) -> None:
    labels = np.array([0, 1, 0, 1])
    right = {"clean": [1, 1, 1, 1], "lines-1.6": [1, 0, 0, 1], "plasma-4.0": [0, 0, 0, 1]}
    paths = []
    for shift, marks in right.items():
        logits = np.eye(2, dtype=np.float32)[np.where(marks, labels, 1 - labels)]
        paths.append(tmp_path / f"{shift}.h5")
        with write_dump(paths[-1], labels, np.arange(4), 2, {"member": "cell_01"}) as writer:
            writer.append(logits)
    dumps = [DumpFile(path) for path in paths]
    row = tables.member_rows([described("cell_01", 0.3)], dumps, 2).iloc[0]
    assert (row["clean_accuracy"], row["shifted_accuracy"], row["lost"]) == (1, 0.375, 0.625)
    assert row["introspectability"] == 0.3
    with pytest.raises(UserError, match="2 dumps for 1 members and 3 shifts"):
        tables.member_rows([described("cell_01", 0.3)], dumps[:2], 2)
    for dump in dumps:
        dump._file.close()


def members() -> pd.DataFrame:
    generator = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "member": CELLS,
            "introspectability": np.linspace(0.1, 0.4, 8),
            "lost": np.linspace(0.3, 0.1, 8) + generator.normal(0, 0.01, 8),
            "shifted_accuracy": generator.uniform(0.4, 0.6, 8),
        }
    )


def scores(seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    names = ["+".join(pair) for pair in combinations(CELLS, 3)]
    return pd.DataFrame(
        {
            "ensemble": names,
            "consensus": "mean_logit",
            "accuracy": generator.uniform(size=56),
            "improvement": generator.normal(size=56),
            "mean_member_accuracy": 0.5,
            "disagreement": generator.uniform(size=56),
            "attribution_diversity": np.nan,
        }
    )


def test_ensembles_are_means_over_corruptions_and_members() -> None:
    found = tables.ensemble_rows([scores(1), scores(2)], members())
    assert found["improvement"].tolist() == pytest.approx(
        ((scores(1)["improvement"] + scores(2)["improvement"]) / 2).tolist()
    )
    assert found["introspectability"].iloc[0] == pytest.approx(np.linspace(0.1, 0.4, 8)[:3].mean())


def test_correlations_are_scipys_with_intervals_over_cells() -> None:
    ensembles = tables.ensemble_rows([scores(1), scores(2)], members())
    table = tables.correlations(members(), ensembles, 200, 1).set_index(["of", "with"])
    assert table.loc[("lost", "introspectability"), "spearman"] == pytest.approx(
        spearmanr(members()["lost"], members()["introspectability"])[0]
    )
    assert table.loc[("lost", "introspectability"), "high"] < 0
    row = table.loc[("improvement", "disagreement")]
    assert row["spearman"] == pytest.approx(spearmanr(ensembles["improvement"], ensembles["disagreement"])[0])
    assert row["low"] < row["spearman"] < row["high"]
    assert row["n"] == 56
    assert ("improvement", "attribution_diversity") not in table.index  # no maps, no value


def test_intervals_over_cells_are_wider_than_over_ensembles() -> None:
    """Ensembles share cells: a property of one cell alone moves all 21 ensembles that hold it."""
    ensembles = tables.ensemble_rows([scores(1)], members())
    ensembles["improvement"] = ensembles["introspectability"] + np.random.default_rng(1).normal(0, 0.05, 56)
    found = tables.ensemble_correlation(ensembles, "improvement", "introspectability", CELLS, 300, 1)
    pairs = ensembles[["improvement", "introspectability"]].to_numpy()
    naive = tables.rank_correlation(pairs, 300, 1, "naive")
    assert found["high"] - found["low"] > naive["high"] - naive["low"]


def test_few_cells_have_no_interval() -> None:
    few = members().iloc[:3]
    ensembles = tables.ensemble_rows([scores(1).iloc[:1]], few)
    table = tables.correlations(few, ensembles, 50, 1)
    assert table[["low", "high"]].isna().all(axis=None)


def test_the_wide_cell_stands_behind_the_printed_errors() -> None:
    description = {
        "test_accuracy": 0.9,
        "test_accuracy_low": 0.88,
        "test_accuracy_high": 0.92,
        "genome": "|x|",
        "parameters": 1000,
        "recipe": {"epochs": 3},
    }
    table = tables.wide_table(description, "fashion_mnist_small", "reduced")
    assert table["error"].tolist() == pytest.approx([0.0436, 0.0434, 0.0385, 0.0445, 0.1])
    assert table["dataset"].tolist() == ["CIFAR-10"] * 4 + ["fashion_mnist_small"]
    assert table.iloc[-1][["error_low", "error_high"]].tolist() == pytest.approx([0.08, 0.12])


def test_recipes_are_compared_cell_by_cell_whatever_their_order() -> None:
    generator = np.random.default_rng(2)
    search, full = generator.uniform(size=(2, 12))
    rows = [
        {"genome": f"|{place}|", "recipe": name, "accuracy": values[place], "introspectability": -values[place]}
        for name, values in (("search", search), ("longer", full))
        for place in generator.permutation(12)
    ]
    table = tables.recipe_correlations(pd.DataFrame(rows), 100, 1).set_index("objective")
    assert table.loc["accuracy", "spearman"] == pytest.approx(spearmanr(search, full)[0])
    assert table.loc["accuracy", "mean_search"] == pytest.approx(search.mean())
    assert table.loc["introspectability", "n"] == 12
