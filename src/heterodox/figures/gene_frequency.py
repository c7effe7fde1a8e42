"""How often each gene is active over the front of a pruning search."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from heterodox.figures import style

COLUMNS = ["kind", "gene", "frequency", "rank", "top"]
NAMES = {"feature": "features of the backbone", "unit": "hidden units"}
ACROSS = 32  # genes per row of the map, at least


@style.theme()
def draw(genes: pd.DataFrame) -> Figure:
    """Draw a map with one cell per gene, in reading order, and the most frequent genes as bars, per kind of gene.

    genes: pruning_genes.csv. The cells of the most frequent genes have a frame.
    """
    kinds = list(dict.fromkeys(genes["kind"]))
    figure = Figure(figsize=(style.FULL_WIDTH, 2.0 * len(kinds)))
    grid = figure.subplots(len(kinds), 2, width_ratios=[2.4, 1], squeeze=False)
    for row, kind in zip(grid, kinds, strict=True):
        own = genes[genes["kind"] == kind].sort_values("gene")
        _draw_map(figure, row[0], own, kind)
        _draw_top(row[1], own, kind)
    return figure


def _draw_map(figure: Figure, axes: Axes, own: pd.DataFrame, kind: str) -> None:
    across = max(ACROSS, int(np.ceil(np.sqrt(2.5 * len(own)))))
    down = -(-len(own) // across)
    cells = np.full(down * across, np.nan)
    cells[: len(own)] = own["frequency"]
    shown = axes.imshow(cells.reshape(down, across), cmap=style.CONTINUOUS, vmin=0, vmax=1, aspect="auto")
    for gene in own[own["top"]]["gene"]:
        frame = Rectangle(
            (gene % across - 0.5, gene // across - 0.5), 1, 1, fill=False, edgecolor=style.VERMILLION, linewidth=1.2
        )
        axes.add_patch(frame)
    style.bare(axes)
    axes.set_title(f"{len(own)} {NAMES[kind]}, in reading order; framed: the most frequent")
    bar = figure.colorbar(shown, ax=axes, orientation="horizontal", shrink=0.5, aspect=30, pad=0.04)
    bar.set_label("Share of the front's masks in which it is active")


def _draw_top(axes: Axes, own: pd.DataFrame, kind: str) -> None:
    top = own[own["top"]].sort_values("rank")
    places = np.arange(len(top))
    axes.barh(places, 100 * top["frequency"], color=style.BLUE, height=0.7)
    axes.axvline(100 * own["frequency"].mean(), color=style.BLACK, linewidth=0.8, linestyle="--")
    axes.set_yticks(places, [f"{kind} {gene}" for gene in top["gene"]])
    axes.invert_yaxis()
    axes.set(xlabel="Active in % of the masks", xlim=(0, 100))
    axes.grid(False, axis="y")
