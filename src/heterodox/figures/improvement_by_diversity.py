"""What an ensemble gains over its best member, against how its members differ (Figures 5, 6 and 8 of the paper)."""

import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from heterodox.figures import style
from heterodox.figures.trend_panels import (
    IMPROVEMENT_LABEL,
    METRICS,
    bubble_areas,
    colour_range,
    draw_panel,
    select,
)

LARGEST_BUBBLE = 40  # square points
PANELS = ("attribution_diversity", "attribution_diversity_none", "disagreement")


@style.theme()
def draw(ensembles: pd.DataFrame, trends: pd.DataFrame, pool: str, shift: str, consensus: str) -> Figure:
    """Draw three panels: attribution diversity, the same of maps as they are, and disagreement.

    One point per ensemble of the pool.

    ensembles, trends: the tables ensembles.csv and trends.csv; up is better, colour is the ensemble's accuracy,
    area its parameters. Raises UserError where the tables know no such pool, shift or consensus.
    """
    shown = select(ensembles, pool=pool, shift=shift, consensus=consensus)
    lines = select(trends, pool=pool, shift=shift, consensus=consensus)
    figure = Figure(figsize=(style.FULL_WIDTH, 2.9))
    panels = figure.subplots(1, len(PANELS), sharey=True)
    colours = colour_range(shown["accuracy"])
    for letter, axes, name in zip("abc", panels, PANELS, strict=True):
        draw_panel(axes, shown, lines, name, colours, LARGEST_BUBBLE)
        axes.set(
            xlabel=METRICS[name].label.replace(" (", "\n(").replace(", maps", ",\nmaps"),
            title=f"({letter})  {axes.get_title('left')}",
        )
    panels[0].set_ylabel(IMPROVEMENT_LABEL)
    bar = ScalarMappable(colours, style.CONTINUOUS)
    figure.colorbar(bar, ax=panels, label="Accuracy of the ensemble (%)", aspect=25, pad=0.01)
    figure.legend(handles=_legend(shown["parameters"]), loc="outside lower center", ncols=6, handletextpad=0.4)
    figure.suptitle(_heading(shown, lines, pool, shift, consensus), x=0.01, ha="left", fontsize=7.5)
    return figure


def _heading(shown: pd.DataFrame, lines: pd.DataFrame, pool: str, shift: str, consensus: str) -> str:
    share = (shown["improvement"] > 0).mean()
    return (
        f"Pool {pool}, {style.shift_words(shift).lower()}, {style.words(consensus).lower()}: "
        f"{share:.0%} of {len(shown)} ensembles above zero"
    )


def _legend(parameters: pd.Series) -> list[Line2D]:
    ticks = [tick for tick in MaxNLocator(4).tick_values(0, parameters.max()) if 0 < tick <= parameters.max()]
    areas = bubble_areas(pd.Series([*ticks, parameters.max()], dtype=float), LARGEST_BUBBLE)
    sizes = [
        Line2D([], [], linestyle="", marker="o", color="0.6", markersize=area**0.5, label=style.count_words(tick))
        for tick, area in zip(ticks, areas, strict=False)
    ]
    title = Line2D([], [], linestyle="", label="Parameters:")
    trend = Line2D([], [], color=style.VERMILLION, linewidth=1.2, label="Least-squares trend")
    zero = Line2D([], [], color="0.3", linestyle=(0, (4, 2)), linewidth=0.8, label="No improvement")
    return [title, *sizes, trend, zero]
