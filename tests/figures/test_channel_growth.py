import numpy as np
import pandas as pd
import pytest

from heterodox.figures import channel_growth
from tests.figures.study import all_words, misplaced_texts

SCOPES = ["features", "units", "both", "channels"]
POPULATIONS = dict.fromkeys(SCOPES, 30) | {"channels": 6}


def curves(scopes: list[str], runs: int = 3, evaluations: int = 30) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    rows = [
        {"scope": scope, "run": run, "evaluations": count, "hypervolume": value}
        for scope in scopes
        for run in range(1, runs + 1)
        for count, value in enumerate(np.sort(draw.uniform(0.1, 0.35, evaluations)), 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("scopes", [SCOPES, ["features", "channels"]], ids=str)
def test_texts_are_legible_and_scopes_named(scopes):
    figure = channel_growth.draw(curves(scopes), POPULATIONS)
    assert misplaced_texts(figure) == []
    words = all_words(figure)
    assert all(scope in words for scope in scopes)
    assert "3 runs each" in words


def test_the_thick_line_is_the_mean_of_the_runs():
    table = curves(SCOPES)
    (axes,) = channel_growth.draw(table, POPULATIONS).axes
    thick = [line for line in axes.lines if line.get_linewidth() > 1]
    said = ["features (all random)", "units (all random)", "both (all random)", "channels (first 6 random)"]
    for scope, label, line in zip(SCOPES, said, thick, strict=True):
        own = table[table["scope"] == scope].groupby("evaluations")["hypervolume"].mean()
        np.testing.assert_allclose(line.get_ydata(), own)
        assert line.get_label() == label
