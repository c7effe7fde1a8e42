import math

import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.tables.equitability import equitability, side_by_side

NAMED = [{"title": "Heterogeneous", "members": ["c", "a", "b"]}]


def row(ensemble: str, shift: str, correct: float, incorrect: float, **others) -> dict:
    values = {"equitability_correct": correct, "equitability_incorrect": incorrect}
    return {"ensemble": ensemble, "shift": shift, "consensus": "mean_logit"} | values | others


def example() -> tuple[pd.DataFrame, pd.DataFrame]:
    teams = [
        row("x", "lines-1.6", 0.1, 0.5, team="gncl", seed=1),
        row("y", "lines-1.6", 0.3, 0.7, team="gncl", seed=2),
        row("x", "clean", 0.1, math.nan, team="gncl", seed=1),
        row("y", "clean", 0.2, 0.6, team="gncl", seed=2),
        row("y", "clean", 0.9, 0.9, team="gncl", seed=2, consensus="majority_vote"),
    ]
    pools = [
        row("a+b+c", "clean", 0.4, math.nan, pool="p"),
        row("a+b+c", "clean", 0.4, math.nan, pool="q"),
        row("a+b+d", "clean", 0.8, 0.8, pool="p"),
        row("a+b+c", "clean", 0.9, 0.9, pool="p", consensus="majority_vote"),
    ]
    return pd.DataFrame(teams), pd.DataFrame(pools)


def test_means_and_deviations_are_over_seeds() -> None:
    table = equitability(*example(), NAMED)
    assert table[["team", "shift", "seeds"]].to_numpy().tolist() == [
        ["gncl", "lines-1.6", 2],
        ["gncl", "clean", 2],
        ["Heterogeneous", "clean", 1],
    ]
    assert table["equitability_correct"].tolist() == pytest.approx([0.2, 0.15, 0.4])
    assert table["equitability_correct_sd"].tolist()[:2] == pytest.approx([math.sqrt(0.02), math.sqrt(0.005)])
    assert table["equitability_incorrect"].tolist() == pytest.approx([0.6, 0.6, math.nan], nan_ok=True)
    assert table["equitability_incorrect_sd"].isna().tolist() == [False, True, True]


def test_the_page_has_the_shape_of_table_2() -> None:
    wide = side_by_side(equitability(*example(), NAMED))
    assert wide.columns.tolist() == [
        "team", "correct, lines-1.6", "correct, clean", "incorrect, lines-1.6", "incorrect, clean",
    ]  # fmt: skip
    assert wide.iloc[0].tolist() == ["gncl", "0.20 ± 0.14", "0.15 ± 0.07", "0.60 ± 0.14", "0.60"]
    assert wide["correct, clean"].tolist()[1] == "0.40"
    assert wide.iloc[1].isna().tolist() == [False, True, False, True, True]


def test_an_ensemble_that_no_pool_holds_is_refused() -> None:
    with pytest.raises(UserError, match=r"no pool has the ensemble a\+z \('T'\) with mean_logit"):
        equitability(*example(), [{"title": "T", "members": ["a", "z"]}])
