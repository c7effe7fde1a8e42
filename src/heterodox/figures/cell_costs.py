"""Generalisation error, size and training speed against both objectives (Figures J4 to J6 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import FACTORS, LABELS

COLUMNS = ["accuracy", "introspectability", "generalisation_error", "parameters", "images_per_second"]
COSTS = {
    "generalisation_error": ("Generalisation error\n(points, training minus validation)", 100.0),
    "parameters": ("Parameters (thousands)", 1e-3),
    "images_per_second": ("Training speed\n(images per second)", 1.0),
}


@style.theme()
def draw(cells: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Draw every evaluated cell, one row per cost, introspectability left and accuracy right.

    cells: with COLUMNS; correlations: the table cell_costs.csv with cost, objective, spearman, low and high.
    """
    if cells.empty:
        raise UserError("figure: there are no evaluated cells; run the search again")
    figure = Figure(figsize=(5.2, 5.0))
    panels = figure.subplots(len(COSTS), 2, sharex="col", sharey="row")
    for row, (cost, (label, factor)) in zip(panels, COSTS.items(), strict=True):
        for axes, objective in zip(row, ("introspectability", "accuracy"), strict=True):
            axes.plot(
                cells[objective] * FACTORS[objective],
                cells[cost] * factor,
                "o",
                color=style.BLUE,
                markersize=2,
                alpha=0.6,
            )
            known = correlations[(correlations["cost"] == cost) & (correlations["objective"] == objective)]
            if len(known):
                numbers = known.iloc[0]
                words = style.interval_words(numbers["spearman"], numbers["low"], numbers["high"])
                axes.set_title(
                    f"\N{GREEK SMALL LETTER RHO} = {words}".replace("= not", "not"), fontsize=style.SMALL_TEXT
                )
        row[0].set_ylabel(label)
    for axes, objective in zip(panels[-1], ("introspectability", "accuracy"), strict=True):
        axes.set_xlabel(LABELS[objective])
    return figure
