"""The list of claims: complete, found where the tables are, and with the paper's own numbers."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from heterodox.tables.claims import VERDICTS, claims_table
from heterodox.tables.resilience_claims import CLAIMS
from tests.tables.studies import whole_study

BY_ID = {claim.id: claim for claim in CLAIMS}
# Table 1 of the paper: parameters in millions, and top-1 accuracy on the lines corruption.
TABLE_1 = [
    (25.6, 21.80), (25.6, 34.95), (25.0, 39.46), (60.2, 40.17), (66.3, 51.11), (83.4, 51.89),
    (28.3, 55.29), (87.3, 55.75), (87.8, 58.71), (86.6, 61.28), (87.3, 64.07), (87.9, 59.976),
]  # fmt: skip
# Table 2: equitability on IN, I2, WD, LI, PL, CB, for correct and for incorrect images.
TABLE_2 = {
    "attribution": ([0.13, 0.16, 0.29, 0.32, 0.23, 0.23], [0.46, 0.49, 0.62, 0.60, 0.57, 0.58]),
    "prediction": ([0.10, 0.13, 0.29, 0.31, 0.21, 0.23], [0.46, 0.49, 0.67, 0.69, 0.59, 0.63]),
    "heterogeneous": ([0.12, 0.17, 0.35, 0.37, 0.25, 0.29], [0.51, 0.55, 0.74, 0.77, 0.67, 0.71]),
}


def test_every_claim_is_measured_where_all_tables_are_there() -> None:
    table = claims_table(CLAIMS, whole_study())
    assert table[table["verdict"] == "not measured"][["id", "reason"]].to_numpy().tolist() == []
    assert set(table["verdict"]) <= set(VERDICTS)
    assert len(table) == len(CLAIMS) == len(BY_ID)
    assert table["low"].le(table["high"]).all()


def test_without_tables_every_claim_says_what_is_missing() -> None:
    table = claims_table(CLAIMS, whole_study(tables={}))
    assert (table["verdict"] == "not measured").all()
    assert table["reason"].str.len().gt(10).all()


def test_numbers_from_the_papers_tables_are_theirs() -> None:
    assert f"{spearmanr(*zip(*TABLE_1, strict=True))[0]:.2f}" in BY_ID["size-correlates"].paper
    mean = {name: np.mean(parts, axis=1) for name, parts in TABLE_2.items()}
    for name, (right, wrong) in mean.items():
        assert f"+{wrong - right:.2f}" in BY_ID[f"wrong-is-diverse-{name}"].paper
    for name in ("prediction", "attribution"):
        gain = mean["heterogeneous"].mean() - mean[name].mean()
        assert f"+{gain:.2f}" in BY_ID[f"predictions-over-{name}-diverse"].paper


def test_claims_of_the_paper_that_contradict_each_other_cannot_both_agree() -> None:
    pair = ("activations-attribution-heterogeneous", "activations-heterogeneous-attribution")
    one, other = (BY_ID[name].quantity.find(whole_study()) for name in pair)
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high)
    assert BY_ID[pair[0]].allowed == BY_ID[pair[1]].allowed
