"""How much of the objectives a search dominates after each evaluation, beside random masks."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

COLUMNS = ["scope", "kind", "run", "evaluations", "hypervolume"]
STYLES = {"nsga2": (style.BLUE, "-", "search"), "random": (style.VERMILLION, "--", "random masks")}


@style.theme()
def draw(curves: pd.DataFrame, scope: str) -> Figure:
    """Draw hypervolume against evaluations, each run a thin line and their mean a thick one.

    curves: pruning_curves.csv. Random masks are drawn from the same distribution as the first population.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH, 2.3))
    axes: Axes = figure.subplots()
    own = curves[curves["scope"] == scope]
    runs = 0
    for kind, (colour, line, label) in STYLES.items():
        lines = own[own["kind"] == kind].pivot(index="evaluations", columns="run", values="hypervolume")
        runs = max(runs, len(lines.columns))
        axes.plot(lines.index, lines, line, color=colour, linewidth=0.5, alpha=0.6)
        axes.plot(lines.index, lines.mean(axis=1), line, color=colour, linewidth=1.6, label=f"{label}, mean")
    axes.set(xlabel="Evaluated masks", ylabel="Hypervolume")
    # The first tenth climbs so steeply that the rest, which is what differs, would be pressed flat.
    start = own[own["evaluations"] > own["evaluations"].max() * 0.1]["hypervolume"].min()
    axes.set_ylim(bottom=start - 0.02 * abs(start))
    axes.legend(loc="lower right", title=f"{runs} runs each", title_fontsize=style.SMALL_TEXT)
    return figure
