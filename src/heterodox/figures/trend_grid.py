"""Improvement against diversity and against accuracy, on every shift (Figure 7 of the paper)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecBase
from matplotlib.ticker import MaxNLocator

from heterodox.figures import style
from heterodox.figures.trend_panels import METRICS, colour_range, draw_panel, select

ROWS = (
    "attribution_diversity",
    "attribution_diversity_none",
    "disagreement",
    "mean_member_accuracy_validation",
    "mean_member_accuracy",
)


@style.theme()
def draw(ensembles: pd.DataFrame, trends: pd.DataFrame, pool: str, consensus: str, shifts: list[str]) -> Figure:
    """Draw a grid: one row per metric, one column per shift in the order given, one point per ensemble.

    ensembles, trends: the tables ensembles.csv and trends.csv. Colour is the ensemble's accuracy on the column's
    shift, each column with its own scale. Raises UserError where the tables know no such pool, consensus or shift.
    """
    width = max(style.FULL_WIDTH, 0.6 + 1.05 * len(shifts))
    figure = Figure(figsize=(width, 1.5 * len(ROWS) + 0.4))
    grid = figure.subplots(len(ROWS), len(shifts), sharey="col", squeeze=False)
    for column, shift in zip(grid.T, shifts, strict=True):
        shown = select(ensembles, pool=pool, consensus=consensus, shift=shift)
        lines = trends[(trends["pool"] == pool) & (trends["consensus"] == consensus) & (trends["shift"] == shift)]
        _draw_column(column, shown, lines)
    _label_rows_and_columns(figure, grid[0, 0].get_gridspec(), shifts)
    figure.suptitle(
        f"Pool {pool}, {style.words(consensus).lower()}, {len(shown)} ensembles; "
        "colour: accuracy of the ensemble, dark lowest and bright highest of each column",
        x=0.01,
        ha="left",
        fontsize=7,
    )
    figure.supylabel("Improvement over the best member (percentage points)", fontsize=7)
    return figure


def _draw_column(column: list[Axes], shown: pd.DataFrame, lines: pd.DataFrame) -> None:
    colours = colour_range(shown["accuracy"])
    for axes, name in zip(column, ROWS, strict=True):
        draw_panel(axes, shown, lines, name, colours, largest=12).set_rasterized(True)
        axes.set_title(axes.get_title("left").replace(" [", "\n["), fontsize=style.SMALL_TEXT)
        axes.set_xticks(_outer_ticks(*axes.get_xlim()))
        axes.locator_params(axis="y", nbins=3, steps=[1, 2, 5, 10])
        axes.tick_params(pad=1.5)


def _outer_ticks(low: float, high: float) -> list[float]:
    """Return the first and the last round number in the range: more labels would not fit below a small panel."""
    ticks = [tick for tick in MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, high) if low <= tick <= high]
    return [ticks[0], ticks[-1]] if len(ticks) > 1 else ticks


def _label_rows_and_columns(figure: Figure, grid: GridSpecBase, shifts: list[str]) -> None:
    """Lay an empty frame over each row and column; its label stands beyond the panels' tick labels and titles."""
    for row, name in enumerate(ROWS):
        frame = figure.add_subplot(grid[row, :], frameon=False, xticks=[], yticks=[])
        frame.set_xlabel(METRICS[name].label, labelpad=12)
    for column, shift in enumerate(shifts):
        frame = figure.add_subplot(grid[:, column], frameon=False, xticks=[], yticks=[])
        frame.set_title(style.wrapped(style.shift_words(shift), 14), weight="bold", pad=24)
