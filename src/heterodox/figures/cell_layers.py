"""The front coloured by how many convolutions and poolings a cell has (Figures 4, G1 and G2 of the paper)."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import label_axes, set_limits

COLUMNS = ["accuracy", "introspectability", "convolutions", "poolings", "front"]
PANELS = {"convolutions": "Convolutions per cell", "poolings": "Poolings per cell"}
EDGES = 6


@style.theme()
def draw(cells: pd.DataFrame) -> Figure:
    """Draw all evaluated cells twice, coloured by their numbers of convolutions and poolings; rings mark the front.

    cells: with COLUMNS, the counts 0 to 6.
    """
    if cells.empty:
        raise UserError("figure: there are no evaluated cells; run the search again")
    figure = Figure(figsize=(style.FULL_WIDTH, 2.5))
    colours = BoundaryNorm(np.arange(EDGES + 2) - 0.5, 256)
    panels = figure.subplots(1, 2, sharey=True)
    front = cells[cells["front"].astype(bool)]
    for place, (axes, (column, title)) in enumerate(zip(panels, PANELS.items(), strict=True)):
        shown = {"cmap": matplotlib.colormaps[style.CONTINUOUS], "norm": colours, "linewidths": 0.8}
        axes.scatter(cells["introspectability"], cells["accuracy"] * 100, c=cells[column], s=9, alpha=0.6, **shown)
        ringed = {"edgecolors": style.BLACK, **shown}
        axes.scatter(front["introspectability"], front["accuracy"] * 100, c=front[column], s=30, zorder=3, **ringed)
        set_limits(axes, cells)
        label_axes(axes, left=not place)
        axes.set_title(title)
    bar = figure.colorbar(
        matplotlib.cm.ScalarMappable(colours, style.CONTINUOUS), ax=panels, ticks=range(EDGES + 1), pad=0.01
    )
    bar.set_label("Edges of the cell")
    bar.ax.tick_params(labelsize=style.SMALL_TEXT)
    return figure
