from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import summaries


def part(path: Path, pool: str, **columns: list) -> Path:
    write_table(pd.DataFrame({"pool": pool, **columns}), path)
    return path


def test_collected_parts_keep_order_and_digits(tmp_path: Path) -> None:
    values = [1 / 3, np.nan, 1e-17]
    first = part(tmp_path / "b.csv", "b", ensemble=["z+y", "x+y", "a+b"], gain=values)
    second = part(tmp_path / "a.csv", "a", ensemble=["z+y"], gain=[np.nan])
    whole = summaries.collect([first, second], ["pool", "ensemble"])
    assert whole["ensemble"].tolist() == ["z+y", "x+y", "a+b", "z+y"]
    write_table(whole, tmp_path / "whole.csv")
    np.testing.assert_array_equal(read_table(tmp_path / "whole.csv")["gain"], [*values, np.nan])


def test_columns_of_one_pool_are_empty_in_the_others(tmp_path: Path) -> None:
    first = part(tmp_path / "a.csv", "a", ensemble=["x+y"], gain=[0.1])
    other = part(tmp_path / "b.csv", "b", ensemble=["x+y"], gain=[0.2], q_statistic=[0.5])
    whole = summaries.collect([first, other], ["pool", "ensemble"])
    assert list(whole.columns) == ["pool", "ensemble", "gain", "q_statistic"]
    np.testing.assert_array_equal(whole["q_statistic"], [np.nan, 0.5])


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first = part(tmp_path / "a.csv", "a", ensemble=["x+y"], gain=[0.1])
    with pytest.raises(UserError, match=r"the row a, x\+y stands there twice"):
        summaries.collect([first, first], ["pool", "ensemble"])
    with pytest.raises(UserError, match="lacks the column shift"):
        summaries.collect([first], ["shift"])
    with pytest.raises(UserError, match="no parts"):
        summaries.collect([], ["pool"])


def scored() -> tuple[pd.DataFrame, pd.DataFrame]:
    members = pd.DataFrame(
        {"member": ["a", "b", "c", "d", "better"], "shift": "clean", "top1": [0.5, 0.75, 0.7, 0.6, 0.99]}
    )
    shared = {"shift": "clean", "ensemble": ["a+b", "a+c", "b+c"]}
    mean = pd.DataFrame(
        {
            "pool": "p",
            **shared,
            "consensus": "mean_logit",
            "accuracy": [0.7, 0.71, 0.8],
            "improvement": [-0.05, 0.01, 0.0],
        }
    )
    vote = mean.assign(consensus="majority_vote", accuracy=0.9)
    other = vote.assign(
        pool="q", ensemble=["a+d", "c+d", "a+c"], accuracy=[0.6, 0.62, 0.61], improvement=[0.1, 0.1, -0.1]
    )
    return members, pd.concat([vote, mean, other], ignore_index=True)


def test_summary_by_hand() -> None:
    summary = summaries.best_per_shift(*scored())
    assert summary.to_dict("list") == {
        "pool": ["p", "q"],
        "shift": ["clean", "clean"],
        "best_member": ["b", "c"],
        "accuracy_of_member": [0.75, 0.7],
        "consensus": ["mean_logit", "majority_vote"],
        "best_ensemble": ["b+c", "c+d"],
        "accuracy_of_ensemble": [0.8, 0.62],
        "share_above_best_member": [1 / 3, 2 / 3],
        "ensembles": [3, 3],
    }


def test_summary_as_text_is_in_percent_and_says_once_what_all_rows_share() -> None:
    text = summaries.as_text(summaries.best_per_shift(*scored()).iloc[:1])
    assert text.splitlines()[0] == "pool p, consensus mean_logit"
    assert text.splitlines()[2].split() == ["clean", "b", "75.0%", "b+c", "80.0%", "33.3%", "3"]
    both = summaries.as_text(summaries.best_per_shift(*scored())).splitlines()
    assert both[0].split()[:2] == ["pool", "shift"]
    assert len(both) == 3


def test_most_accurate_of_each_group_in_the_order_of_the_table() -> None:
    best = summaries.most_accurate(scored()[1], 2)
    assert best["consensus"].tolist() == ["majority_vote"] * 2 + ["mean_logit"] * 2 + ["majority_vote"] * 2
    assert best["ensemble"].tolist() == ["a+b", "a+c", "b+c", "a+c", "c+d", "a+c"]
