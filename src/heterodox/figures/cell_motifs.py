"""Motifs along the front: one small panel each, and one for the cells that have none (Figures G3 to G15)."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import LABELS, set_limits

NONE = "none of these motifs"
ACROSS = 5


@style.theme()
def draw(front: pd.DataFrame, holders: Mapping[str, Sequence[bool]], correlations: Mapping[str, float]) -> Figure:
    """Draw the front once per motif, the cells that have it in colour.

    front: cells with accuracy and introspectability; holders: by motif, in the order of the panels, which cells of the
    front have it; the key NONE stands for the cells without any. correlations: by motif Spearman's, for the titles.
    """
    if front.empty:
        raise UserError("figure: the front is empty; run the search again")
    if not holders:
        figure = Figure(figsize=(style.COLUMN_WIDTH, 1.0))
        figure.text(0.5, 0.5, "No motif has the support and correlation asked for.", ha="center", va="center")
        return figure
    across = min(ACROSS, max(2, len(holders)))
    rows = -(-len(holders) // across)
    figure = Figure(figsize=(style.FULL_WIDTH * max(0.5, across / ACROSS), 1.35 * rows + 0.35))
    panels = figure.subplots(rows, across, sharex=True, sharey=True, squeeze=False).flatten()
    for axes, (motif, has) in zip(panels, holders.items(), strict=False):
        chosen = pd.Series(list(has), index=front.index).astype(bool)
        for own, colour, size in ((front[~chosen], "0.7", 2.5), (front[chosen], style.VERMILLION, 3.5)):
            axes.plot(own["introspectability"], own["accuracy"] * 100, "o", color=colour, markersize=size)
        title = style.wrapped(motif.replace("count of", "most"), 20) if motif == NONE else _title(motif, correlations)
        axes.set_title(title, fontsize=style.SMALL_TEXT)
        set_limits(axes, front)
    for axes in panels[len(holders) :]:
        axes.set_visible(False)
    for axes in panels[max(0, len(holders) - across) : len(holders)]:
        axes.tick_params(labelbottom=True)  # the lowest panel of its column
    figure.supxlabel(LABELS["introspectability"], fontsize=7)
    figure.supylabel(LABELS["accuracy"], fontsize=7)
    return figure


def _title(motif: str, correlations: Mapping[str, float]) -> str:
    return f"{motif}\n\N{GREEK SMALL LETTER RHO} = {correlations[motif]:z.2f}".replace("-", "\N{MINUS SIGN}")
