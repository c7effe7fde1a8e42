from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from heterodox.figures import method_agreement
from tests.figures.study import all_words, misplaced_texts

METHODS = ["saliency", *(f"integrated_gradients-{steps}" for steps in (1, 2, 10, 50))]


def tables(members, methods=METHODS) -> tuple[pd.DataFrame, pd.DataFrame]:
    generator = np.random.default_rng(1)
    pairs = pd.DataFrame(
        {"method": method, "first": a, "second": b, "normalised": generator.random()}
        for method in methods
        for a, b in combinations(members, 2)
    )
    row = {"first": None, "second": None, "pairs": 15, "images": 2000, "pearson": 0.998, "low": 0.99, "high": 0.999}
    return pairs, pd.DataFrame([row | {"first": "x", "second": "y", "pearson": 0.1}, row])


@pytest.mark.parametrize(
    "members", [list("abcdef"), ["subnet_01", "subnet_02"], [f"deit_tiny_distilled_{n}" for n in range(7)]]
)
def test_texts_are_legible(members) -> None:
    assert misplaced_texts(method_agreement.draw(*tables(members))) == []


def test_marks_are_the_tables_and_the_first_method_orders_the_pairs() -> None:
    pairs, agreement = tables("abcd")
    figure = method_agreement.draw(pairs, agreement)
    lines = figure.axes[0].lines
    saliency = pairs[pairs["method"] == "saliency"].sort_values("normalised")
    assert lines[0].get_xdata().tolist() == saliency["normalised"].tolist()
    other = pairs[pairs["method"] == "integrated_gradients-10"].set_index(["first", "second"])
    order = list(zip(saliency["first"], saliency["second"], strict=True))
    assert lines[3].get_xdata().tolist() == other.loc[order, "normalised"].tolist()
    words = all_words(figure)
    for text in ("Integrated gradients, 1 step\n", "10 steps", "1.00 [0.99, 1.00]", "15 pairs, 2,000 images"):
        assert text in words + "\n"


def test_two_members_of_one_pair_have_no_range() -> None:
    pairs, agreement = tables("ab")
    agreement[["pearson", "low", "high"]] = np.nan
    figure = method_agreement.draw(pairs.assign(normalised=np.nan), agreement)
    assert "not defined" in all_words(figure)
