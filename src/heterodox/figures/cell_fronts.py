"""The Pareto fronts of several searches for cells, the volume they dominate shaded (Figure 2 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import draw_steps, label_axes, search_words, set_limits

COLUMNS = ["search", "accuracy", "introspectability", "front"]
ACROSS = 3


@style.theme()
def draw(cells: pd.DataFrame, searches: pd.DataFrame, classes: int) -> Figure:
    """Draw one panel per search: every evaluated cell, its front, and the shaded hypervolume above random guessing.

    cells: all evaluated cells with COLUMNS, `front` a truth value; searches: the table cell_searches.csv. All panels
    have the same axes, which do not start at zero; the hypervolume is measured from (0, 1/classes).
    """
    if cells.empty:
        raise UserError("figure: there are no evaluated cells; run the search again")
    names = list(dict.fromkeys(cells["search"]))
    rows = -(-len(names) // ACROSS)
    figure = Figure(figsize=(style.FULL_WIDTH, 1.95 * rows + 0.25))
    panels = figure.subplots(rows, ACROSS, squeeze=False).flatten()
    covered = dict(zip(searches["search"], searches["hypervolume"], strict=True))
    for place, (name, axes) in enumerate(zip(names, panels, strict=False)):
        own = cells[cells["search"] == name]
        front = own[own["front"].astype(bool)]
        draw_steps(axes, front, (0.0, 1 / classes))
        axes.plot(own["introspectability"], own["accuracy"] * 100, ".", color="0.6", markersize=3, label="Evaluated")
        axes.plot(front["introspectability"], front["accuracy"] * 100, "o", color=style.VERMILLION, markersize=3.5)
        set_limits(axes, cells)
        label_axes(axes, left=place % ACROSS == 0, below=place + ACROSS >= len(names))
        axes.set_title(f"{search_words(name)}\nhypervolume {covered[name]:.3f}, {len(own)} cells")
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    return figure
