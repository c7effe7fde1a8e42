import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style, trend_panels
from tests.figures.study import ensembles_table, trends_table


@style.theme()
def drawn(ensembles: pd.DataFrame, metric: str):
    axes = Figure().subplots()
    colours = trend_panels.colour_range(ensembles["accuracy"])
    points = trend_panels.draw_panel(axes, ensembles, trends_table(ensembles), metric, colours, 40)
    return axes, points


def on_shift(shift: str = "clean") -> pd.DataFrame:
    return trend_panels.select(ensembles_table(), shift=shift)


@pytest.mark.parametrize(("metric", "factor"), [("disagreement", 1), ("mean_member_accuracy", 100)])
def test_points_and_trend_in_units(metric: str, factor: float) -> None:
    ensembles = on_shift()
    axes, points = drawn(ensembles, metric)
    ordered = ensembles.sort_values("parameters", ascending=False)
    expected = np.stack([ordered[metric] * factor, ordered["improvement"] * 100], axis=1)
    np.testing.assert_allclose(points.get_offsets(), expected)
    x, y = axes.lines[-1].get_data()
    slope, level = np.polyfit(expected[:, 0], expected[:, 1], 1)
    np.testing.assert_allclose(y, slope * np.asarray(x) + level)


def test_attribution_diversity_is_scaled_and_its_trend_with_it() -> None:
    ensembles = on_shift()
    axes, points = drawn(ensembles, "attribution_diversity")
    x, y = points.get_offsets().data.T
    assert (x.min(), x.max()) == (0, 1)
    slope, level = np.polyfit(x, y, 1)
    ends, line = axes.lines[-1].get_data()
    np.testing.assert_allclose(ends, [0, 1])
    np.testing.assert_allclose(line, slope * np.asarray(ends) + level)


def test_area_grows_with_parameters() -> None:
    np.testing.assert_allclose(trend_panels.bubble_areas(pd.Series([100, 400]), 40), [10, 40])


def test_ensembles_without_the_metric_are_left_out() -> None:
    ensembles = on_shift()
    ensembles.loc[ensembles.index[0], "attribution_diversity"] = np.nan
    axes, points = drawn(ensembles, "attribution_diversity")
    assert len(points.get_offsets()) == len(ensembles) - 1
    assert [text.get_text() for text in axes.texts] == [f"n = {len(ensembles) - 1} of {len(ensembles)}"]
    assert not drawn(ensembles, "disagreement")[0].texts


def test_no_values_at_all_are_said() -> None:
    axes, _ = drawn(on_shift().assign(attribution_diversity=np.nan), "attribution_diversity")
    assert [text.get_text() for text in axes.texts] == ["no values"]
    assert axes.get_title("left") == "r not defined"


def test_constant_data_have_no_trend() -> None:
    axes, _ = drawn(on_shift().assign(disagreement=0.2, improvement=0.0, accuracy=0.8), "disagreement")
    assert axes.get_title("left") == "r not defined"
    assert len(axes.lines) == 1  # the zero line


def test_the_title_is_the_correlation_of_the_table() -> None:
    ensembles = on_shift()
    pearson = np.corrcoef(ensembles["disagreement"], ensembles["improvement"])[0, 1]
    title = drawn(ensembles, "disagreement")[0].get_title("left").replace("\N{MINUS SIGN}", "-")
    assert title == f"r = {pearson:.2f} [-1.00, 1.00]"


def test_an_unknown_name_is_one_line_with_those_that_exist() -> None:
    with pytest.raises(UserError, match=r"pool 'no', only architectures"):
        trend_panels.select(ensembles_table(), pool="no")
