"""How the front of a search moves from generation to generation (Figures H1 to H3 of the paper)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import COLOURS, FACTORS, LABELS, search_words

COLUMNS = ["search", "generation", "front", "accuracy", "introspectability"]


@style.theme()
def draw(generations: pd.DataFrame) -> Figure:
    """Draw the mean of both objectives over the front of each generation with its 95 % interval, one column per search.

    generations: the table cell_generations.csv. A front of one cell has no interval.
    """
    if generations.empty:
        raise UserError("figure: cell_generations.csv is empty; run the search again")
    names = list(dict.fromkeys(generations["search"]))
    figure = Figure(figsize=(style.COLUMN_WIDTH if len(names) == 1 else 5.2, 3.1))
    panels = figure.subplots(2, len(names), sharex=True, sharey="row", squeeze=False)
    for column, name in enumerate(names):
        own = generations[generations["search"] == name].sort_values("generation")
        for axes, objective in zip(panels[:, column], COLOURS, strict=True):
            values = own[[objective, f"{objective}_low", f"{objective}_high"]].to_numpy(float).T * FACTORS[objective]
            places, colour = own["generation"] + 1, COLOURS[objective]
            axes.fill_between(places, values[1], values[2], color=colour, alpha=0.2, linewidth=0)
            axes.plot(places, values[0], "-o", color=colour, markersize=2.5)
            alone = ~np.isfinite(values[1])
            axes.plot(places[alone], values[0][alone], "o", color="white", markeredgecolor=colour, markersize=3)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            if not column:
                axes.set_ylabel(LABELS[objective] + "\nmean over the front")
        panels[0, column].set_title(search_words(name))
        panels[1, column].set_xlabel("Generation")
    return figure
