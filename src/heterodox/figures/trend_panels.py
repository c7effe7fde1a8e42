"""Improvement against one metric: the scatter with its trend that several figures are made of."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize

from heterodox.errors import UserError
from heterodox.figures import style


@dataclass(frozen=True)
class Metric:
    """How a column of ensembles.csv is drawn: axis label, factor to its unit, or scaled from 0 to 1."""

    label: str
    factor: float = 1.0
    unit_range: bool = False


METRICS = {
    "attribution_diversity": Metric("Attribution diversity (scaled to [0, 1])", unit_range=True),
    "attribution_diversity_none": Metric(
        "Attribution diversity, maps not normalised (scaled to [0, 1])", unit_range=True
    ),
    "disagreement": Metric("Disagreement (share of images, mean of pairs)"),
    "mean_member_accuracy_validation": Metric("Mean accuracy of the members on clean validation images (%)", 100),
    "mean_member_accuracy": Metric("Mean accuracy of the members on the shift itself (%)", 100),
}
IMPROVEMENT_LABEL = "Improvement over the best member\n(percentage points)"
ENSEMBLE_COLUMNS = ["pool", "shift", "consensus", "accuracy", "improvement", "parameters", *METRICS]
TREND_COLUMNS = ["pool", "shift", "consensus", "metric", "n", "slope", "pearson", "pearson_low", "pearson_high"]


def select(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Return the rows with these values, column by column; UserError where there are none."""
    for column, value in values.items():
        found = table[table[column] == value]
        if found.empty:
            there = ", ".join(map(str, table[column].unique()))
            raise UserError(f"figure: the table has no rows with {column} '{value}', only {there}; correct the config")
        table = found
    return table


def positions(values: pd.Series, metric: Metric) -> pd.Series:
    """Return where the values lie on the axis: in the metric's unit, or from 0 (smallest) to 1 (largest)."""
    if not metric.unit_range:
        return values * metric.factor
    span = values.max() - values.min()
    return (values - values.min()) / (span if span > 0 else 1)


def bubble_areas(parameters: pd.Series, largest: float) -> pd.Series:
    """Return marker areas in square points, proportional to the number of parameters."""
    return parameters / parameters.max() * largest


def colour_range(accuracy: pd.Series) -> Normalize:
    """Return the colour scale from the smallest to the largest accuracy in %, never of zero width."""
    low, high = accuracy.min() * 100, accuracy.max() * 100
    return Normalize(low, high) if high > low else Normalize(low - 0.5, high + 0.5)


def draw_panel(
    axes: Axes, ensembles: pd.DataFrame, trends: pd.DataFrame, name: str, colours: Normalize, largest: float
) -> PathCollection:
    """Draw improvement (percentage points) against the metric `name`, zero line, trend and the correlation as title.

    ensembles: one row per ensemble of one pool, shift and consensus; trends: the rows of the same, any metrics.
    """
    shown = ensembles.dropna(subset=[name, "improvement"]).sort_values("parameters", ascending=False, kind="stable")
    places = positions(shown[name], METRICS[name])
    points = axes.scatter(
        places,
        shown["improvement"] * 100,
        c=shown["accuracy"] * 100,
        s=bubble_areas(shown["parameters"], largest),
        norm=colours,
        cmap=style.CONTINUOUS,
        alpha=0.85,
        edgecolors="0.3",
        linewidths=0.15,
    )
    axes.axhline(0, color="0.3", linestyle=(0, (4, 2)), linewidth=0.8)
    trend = trends[trends["metric"] == name]
    axes.set_title(correlation_words(trend, len(shown)), fontsize=style.SMALL_TEXT)
    if shown.empty:
        axes.set_xlim(0, 1)
        axes.text(0.5, 0.6, "no values", transform=axes.transAxes, ha="center", color="0.4")
    else:
        _draw_trend(axes, shown[name], places, shown["improvement"] * 100, trend)
        _write_count(axes, len(shown), len(ensembles))
    return points


def _write_count(axes: Axes, shown: int, all_of_them: int) -> None:
    """Say in the panel's corner how many ensembles it shows where that is not all of them."""
    if shown < all_of_them:
        paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        text = f"n = {shown} of {all_of_them}"
        axes.text(0.03, 0.04, text, transform=axes.transAxes, fontsize=style.SMALL_TEXT, bbox=paper)


def _draw_trend(axes: Axes, values: pd.Series, places: pd.Series, heights: pd.Series, trend: pd.DataFrame) -> None:
    # A least-squares line runs through the means; its slope, per unit of the table, is the table's.
    if trend.empty or not np.isfinite(trend["slope"].iloc[0]):
        return
    ends = np.array([values.min(), values.max()])
    line = heights.mean() + 100 * trend["slope"].iloc[0] * (ends - values.mean())
    axes.plot([places.min(), places.max()], line, color=style.VERMILLION, linewidth=1.2)


def correlation_words(trend: pd.DataFrame, count: int) -> str:
    """Return Pearson's r with its interval, or that there is none."""
    if trend.empty or not count:
        return "r not defined"
    row = trend.iloc[0]
    return f"r = {style.interval_words(row['pearson'], row['pearson_low'], row['pearson_high'])}".replace(
        "= not", "not"
    )
