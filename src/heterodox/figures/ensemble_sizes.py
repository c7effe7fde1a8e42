"""How the intersection over union changes with the number of averaged members (Figure 5 of the explanation paper)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from heterodox.figures import style
from heterodox.figures.method_words import method_words


@style.theme()
def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel per method from the table of `ensembles.localisation.score_sizes`, one row per method and size."""
    methods = list(dict.fromkeys(table["method"]))
    across = min(len(methods), 4)
    down = -(-len(methods) // across)
    figure = Figure(figsize=(np.clip(1.75 * across + 0.3, style.COLUMN_WIDTH, style.FULL_WIDTH), 1.65 * down + 0.25))
    grid = figure.subplots(down, across, squeeze=False)
    for axes, method in zip(grid.flat, methods, strict=False):
        own = table[table["method"] == method].sort_values("size")
        for name, colour, marker, label in (
            ("iou", style.BLUE, "o", "averaged map"),
            ("single", style.VERMILLION, "s", "single members"),
        ):
            axes.fill_between(
                own["size"], own[f"{name}_low"], own[f"{name}_high"], color=colour, alpha=0.18, linewidth=0
            )
            axes.plot(own["size"], own[name], color=colour, marker=marker, markersize=3, label=label)
        axes.set(title=method_words(method), xlabel="Members")
        axes.set_xticks(_ticks(own["size"].to_numpy()))
    for axes in grid.flat[len(methods) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("Intersection over union")
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _ticks(sizes: np.ndarray) -> np.ndarray:
    """Return at most six whole sizes, the first and the last among them."""
    return np.unique(np.linspace(sizes.min(), sizes.max(), min(len(sizes), 6)).round().astype(int))
