"""Verdicts by hand, differences against the normal theory, and the page."""

import numpy as np
import pandas as pd
import pytest

from heterodox.tables.claims import (
    ABOVE,
    BELOW,
    COLUMNS,
    Claim,
    Finding,
    NotMeasuredError,
    Quantity,
    Range,
    answers_page,
    claims_table,
    finding_words,
    mean_of,
    minus,
    verdict,
    within,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("allowed", "low", "high", "expected"),
    [
        (ABOVE, 0.1, 0.3, "agrees"),
        (ABOVE, -0.1, 0.3, "undecided"),
        (ABOVE, -0.3, -0.1, "differs"),
        (ABOVE, 0.0, 0.3, "undecided"),  # an interval that touches the bound decides nothing
        (ABOVE, 0.0, 0.0, "undecided"),
        (BELOW, -0.3, -0.1, "agrees"),
        (BELOW, 0.1, 0.3, "differs"),
        (within(0.998, 0.01), 0.99, 0.999, "agrees"),
        (within(0.998, 0.01), 0.97, 0.999, "undecided"),
        (within(0.998, 0.01), 0.5, 1.5, "undecided"),  # the claimed value lies inside, and so does much else
        (within(0.998, 0.01), 0.8, 0.9, "differs"),
        (Range(upper=0.5), 0.2, 0.4, "agrees"),
        (ABOVE, NAN, NAN, "undecided"),
        (ABOVE, 0.1, NAN, "undecided"),
    ],
)
def test_a_verdict_follows_from_the_interval_alone(allowed, low, high, expected) -> None:
    for value in (-1, 0.2, 1):
        assert verdict(allowed, Finding(value, low, high, 3, "things")) == expected


def test_a_difference_of_normal_estimates_has_their_joint_interval() -> None:
    first, second = Finding(0.8, 0.5, 1.1, 9, "a"), Finding(0.3, -0.1, 0.7, 4, "b")
    found = minus(first, second)
    assert found[:3] == pytest.approx((0.5, 0.0, 1.0))
    assert found.n == 9
    assert found.unit == "a against 4 b"


def test_a_difference_reaches_as_far_as_lopsided_intervals_do() -> None:
    found = minus(Finding(1.0, 0.7, 1.1, 1, ""), Finding(0.0, -0.05, 0.4, 1, ""))
    assert found.low == pytest.approx(1 - 0.5)
    assert found.high == pytest.approx(1 + np.hypot(0.1, 0.05))


def test_a_mean_over_shifts_by_hand() -> None:
    found = mean_of([Finding(0.1, 0.0, 0.3, 364, "ensembles"), Finding(0.3, 0.1, 0.5, 364, "ensembles")])
    assert found[:3] == pytest.approx((0.2, 0.05, 0.4))
    assert (found.n, found.unit) == (2, "shifts of 364 ensembles")
    assert mean_of([Finding(0.1, 0.0, 0.3, 364, "ensembles")]) == (0.1, 0.0, 0.3, 364, "ensembles")
    with pytest.raises(NotMeasuredError):
        mean_of([])


def missing(study) -> Finding:
    raise NotMeasuredError("the study has no trends.csv")


def claim(name: str, find, question: str = "RQ1") -> Claim:
    return Claim(name, question, "4.1", "It <grows>", "yes", ABOVE, Quantity("r of mean_logit", find))


CLAIMS = [
    claim("found", lambda study: Finding(study, study - 0.1, study + 0.1, 5, "members")),
    claim("missing", missing),
    claim("undefined", lambda study: Finding(NAN, NAN, NAN, 5, "members"), "RQ2"),
]


def test_every_claim_has_a_row_and_what_is_missing_says_why() -> None:
    table = claims_table(CLAIMS, 0.5)
    assert list(table.columns) == COLUMNS
    assert table["verdict"].tolist() == ["agrees", "not measured", "not measured"]
    assert table["reason"].tolist()[1:] == ["the study has no trends.csv", "not defined on these data"]
    assert table.loc[0, ["value", "low", "high", "n"]].tolist() == pytest.approx([0.5, 0.4, 0.6, 5])
    assert table.loc[1:, ["value", "low", "high", "n"]].isna().all(axis=None)
    assert table.loc[0, "quantity"] == "r of mean logit"
    assert table.loc[0, "allowed"] == "above 0"


def test_the_page_counts_verdicts_by_question_and_needs_nothing_from_elsewhere() -> None:
    page = answers_page(claims_table(CLAIMS, 0.5), "Claims", "By one rule")
    assert "1 agrees, 0 differs, 0 undecided, 1 not measured" in page
    assert "0 agrees, 0 differs, 0 undecided, 1 not measured" in page
    assert page.count("<h2>") == 2
    assert "It &lt;grows&gt;" in page
    assert "0.500 [0.400, 0.600]" in page
    assert "http" not in page


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.9981, 0.99, 1.0), "0.998 [0.990, 1.000]"),
        ((-0.04418, -0.0701, -0.02), "-0.0442 [-0.0701, -0.0200]"),
        ((12.34, 10, 20), "12.3 [10.0, 20.0]"),
        ((0.25, NAN, NAN), "0.250 (no interval)"),
        ((0.0, 0.0, 0.0), "0 [0, 0]"),
    ],
)
def test_numbers_have_three_digits(numbers, words) -> None:
    assert finding_words(*numbers) == words


def test_words_of_ranges() -> None:
    assert [found.words for found in (ABOVE, BELOW, Range(1.5, 2.5))] == ["above 0", "below 0", "1.5 to 2.5"]
    assert pd.Series([within(2, 0.5)]).iloc[0] == Range(1.5, 2.5)
