"""How fast people learn to tell birds apart, by what feedback shows them (Figure 12 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.figures import brackets, style


@style.theme()
def draw(medians: pd.DataFrame, comparisons: pd.DataFrame) -> Figure:
    """Draw a panel per pair of birds: median trials until nine of ten answers are right, quartiles as whiskers.

    medians: columns pair, group, participants, median, low, high; comparisons: pair, first, second, stars. Stars are
    * p < 0.05, ** p < 0.01, *** p < 0.001, corrected for the pairs of groups of one pair of birds.
    """
    rows = medians.rename(columns={"group": "name"})
    names, birds = list(dict.fromkeys(comparisons["first"])), list(dict.fromkeys(rows["pair"]))
    names += [name for name in dict.fromkeys(comparisons["second"]) if name not in names]
    figure = Figure(figsize=(max(style.COLUMN_WIDTH, 2.5 * len(birds)), 3.0))
    panels = figure.subplots(1, len(birds), sharey=True, squeeze=False)[0]
    top = brackets.highest(rows)
    ends = []
    for axes, pair in zip(panels, birds, strict=True):
        own = rows[rows["pair"] == pair]
        brackets.draw_medians(axes, own, names, top)
        pairs = comparisons[comparisons["pair"] == pair]
        ends.append(brackets.draw_brackets(axes, pairs, names, brackets.highest(own), 1.06 * top))
        axes.set_title(style.wrapped(pair, 30))
        axes.tick_params(axis="x", labelsize=style.SMALL_TEXT)
    panels[0].set_ylim(0, max(ends))
    panels[0].set_ylabel("Median trials until 9 of 10 are right")
    return figure
