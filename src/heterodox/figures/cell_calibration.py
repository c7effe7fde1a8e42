"""Does the distance of activations tell how often a cell is right? Beside softmax (Figure 7 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import LABELS

COLUMNS = ["member", "introspectability", "score", "bins", "pearson", "spearman"]
SCORES = {"activations": (style.VERMILLION, "o", "Activations"), "softmax": (style.BLUE, "s", "Softmax")}


@style.theme()
def draw(calibration: pd.DataFrame) -> Figure:
    """Draw Pearson's and Spearman's r of score and accuracy by bins against introspectability, a point per cell.

    calibration: rows of the table cell_calibration.csv with one kind of bins. Bars are 95 % intervals over images.
    """
    known = calibration.dropna(subset=["pearson", "spearman"])
    if known.empty:
        raise UserError("figure: no calibration is defined; the cells' scores fill fewer than five bins")
    figure = Figure(figsize=(style.FULL_WIDTH, 2.4))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, statistic in zip(panels, ("pearson", "spearman"), strict=True):
        for score, (colour, marker, label) in SCORES.items():
            own = known[known["score"] == score].sort_values("introspectability")
            low, high = own[statistic] - own[f"{statistic}_low"], own[f"{statistic}_high"] - own[statistic]
            axes.errorbar(
                own["introspectability"],
                own[statistic],
                [low.clip(lower=0), high.clip(lower=0)],
                fmt=marker,
                color=colour,
                markersize=3.5,
                elinewidth=0.6,
                capsize=1.5,
                label=label,
            )
        axes.set_title(f"{statistic.capitalize()}'s r over the bins")
        axes.set_xlabel(f"{LABELS['introspectability']} of the cell")
    panels[0].set_ylabel("Score and accuracy, r")
    panels[0].legend(loc="best")
    return figure
