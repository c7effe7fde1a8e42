import numpy as np
import pytest

from heterodox.figures import trend_grid
from tests.figures.study import all_words, ensembles_table, misplaced_texts, trends_table

MANY = [f"member{number}" for number in range(6)]
SIX = ["clean", "v2", "lines-1.6", "plasma-4.0", "checkerboard-4.0", "water_drop-7.0"]
CASES = {
    "eight shifts": (
        ensembles_table(MANY, [*SIX, "fog-1.0", "gaussian_noise-12.5"]),
        [*SIX, "fog-1.0", "gaussian_noise-12.5"],
    ),
    "one shift": (ensembles_table(MANY, ["clean"]), ["clean"]),
    "one ensemble": (ensembles_table(MANY[:3], SIX), SIX[2:4]),
    "few maps": (
        ensembles_table(MANY, SIX).assign(
            attribution_diversity=lambda table: table["disagreement"].where(table["parameters"] > 500_000)
        ),
        SIX,
    ),
    "no maps": (ensembles_table(MANY, SIX).assign(attribution_diversity=np.nan), SIX[1:]),
    "narrow": (ensembles_table(MANY, SIX).assign(disagreement=lambda table: 0.2 + table["disagreement"] / 100), SIX),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_are_legible(name: str) -> None:
    ensembles, shifts = CASES[name]
    figure = trend_grid.draw(ensembles, trends_table(ensembles), "architectures", "mean_logit", shifts)
    assert misplaced_texts(figure) == []


def test_rows_are_metrics_and_columns_are_shifts_in_the_order_given() -> None:
    ensembles = ensembles_table(MANY, SIX)
    figure = trend_grid.draw(ensembles, trends_table(ensembles), "architectures", "mean_logit", ["v2", "clean"])
    panels = [axes for axes in figure.axes if axes.collections]
    assert len(panels) == 10
    shown = ensembles.query("shift == 'v2'").sort_values("parameters", ascending=False)
    np.testing.assert_allclose(
        panels[4].collections[0].get_offsets(), np.stack([shown["disagreement"], shown["improvement"] * 100], axis=1)
    )
    words = all_words(figure)
    for label in (
        "(scaled to [0, 1])",
        "clean validation images (%)",
        "on the shift itself (%)",
        "(percentage points)",
    ):
        assert label in words
