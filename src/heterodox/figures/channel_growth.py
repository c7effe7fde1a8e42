"""Searches over features, units, both, or channels of early blocks, by what they dominate after each evaluation."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

COLUMNS = ["scope", "run", "evaluations", "hypervolume"]
LINES = {"features": "-", "units": "--", "both": "-.", "channels": ":"}
COLOURS = {"features": style.BLUE, "units": style.VERMILLION, "both": style.GREEN, "channels": style.BLACK}


@style.theme()
def draw(curves: pd.DataFrame, populations: dict[str, int]) -> Figure:
    """Draw hypervolume against evaluations: per scope the mean of its runs, and thin lines for each run.

    curves: pruning_channels.csv. Genes are another thing in every scope, so the share of active ones is too.
    populations: masks of each scope's first population, which are random: the legend says so, since a search of few
    evaluations is compared with others that may not have begun to evolve.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH, 2.4))
    axes: Axes = figure.subplots()
    for scope in [name for name in LINES if name in set(curves["scope"])]:
        lines = curves[curves["scope"] == scope].pivot(index="evaluations", columns="run", values="hypervolume")
        line, colour, first = LINES[scope], COLOURS[scope], populations[scope]
        label = f"{scope} (first {first} random)" if first < lines.index.max() else f"{scope} (all random)"
        axes.plot(lines.index, lines, line, color=colour, linewidth=0.5, alpha=0.5)
        axes.plot(lines.index, lines.mean(axis=1), line, color=colour, linewidth=1.6, label=label)
    axes.set(xlabel="Evaluated masks", ylabel="Hypervolume of error,\nactive genes, 1 \N{MINUS SIGN} AUROC")
    axes.set_xlim(left=1)
    axes.legend(loc="lower right", title=f"{curves['run'].nunique()} runs each", title_fontsize=style.SMALL_TEXT)
    return figure
