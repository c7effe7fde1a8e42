"""What ensembles of front members gain over the best of them, by the quantiles in which the members lie."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from heterodox.figures import style

COLUMNS = ["criterion", "window", "members", "consensus", "measure", "gain", "low", "high"]
STYLES = {"majority_vote": (style.VERMILLION, "s", -0.14), "mean_probability": (style.BLUE, "o", 0.14)}
WORDS = {"accuracy": "accuracy", "auroc": "AUROC"}


@style.theme()
def draw(ensembles: pd.DataFrame) -> Figure:
    """Draw gains on test images in percentage points, with 95 % intervals: columns by criterion, rows by measure.

    ensembles: pruning_ensembles.csv. Below each window stands how many members it has; with fewer than two it is empty.
    """
    criteria, measures = (list(dict.fromkeys(ensembles[name])) for name in ("criterion", "measure"))
    figure = Figure(figsize=(style.FULL_WIDTH, 3.6))
    grid = figure.subplots(len(measures), len(criteria), sharey="row", sharex="col", squeeze=False)
    for row, measure in zip(grid, measures, strict=True):
        for axes, criterion in zip(row, criteria, strict=True):
            own = ensembles[(ensembles["criterion"] == criterion) & (ensembles["measure"] == measure)]
            _draw_panel(axes, own)
        row[0].set_ylabel(f"Gain in {WORDS[measure]}\n(percentage points)")
    for axes, criterion in zip(grid[-1], criteria, strict=True):
        axes.set_xlabel(f"Window of quantiles of validation {WORDS[criterion]} (%); members")
    handles = [
        Line2D([], [], color=colour, marker=mark, markersize=3.5, label=style.words(name))
        for name, (colour, mark, _) in STYLES.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _draw_panel(axes: Axes, own: pd.DataFrame) -> None:
    windows = list(dict.fromkeys(own["window"]))
    axes.axhline(0, color="0.4", linewidth=0.8)
    for name, (colour, mark, shift) in STYLES.items():
        rows = own[own["consensus"] == name].set_index("window").loc[windows]
        gain, low, high = (100 * rows[column].to_numpy() for column in ("gain", "low", "high"))
        known = np.isfinite(gain)
        at = np.arange(len(windows))[known] + shift
        bars = np.maximum(0, [(gain - low)[known], (high - gain)[known]])
        axes.errorbar(at, gain[known], bars, fmt=mark, color=colour, markersize=3.5, elinewidth=0.8, capsize=1.5)
    counts = own.drop_duplicates("window").set_index("window")["members"]
    axes.set_xticks(range(len(windows)), [f"{window}\n{counts[window]}" for window in windows])
    axes.set_xlim(-0.5, len(windows) - 0.5)
