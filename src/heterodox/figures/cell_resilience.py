"""Does introspectability or diversity of cells predict how they bear corruption? Beyond the paper."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

MEMBER_COLUMNS = ["member", "introspectability", "clean_accuracy", "shifted_accuracy"]
ENSEMBLE_COLUMNS = ["disagreement", "improvement"]


@style.theme()
def draw(members: pd.DataFrame, ensembles: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Draw what introspectability says of single cells, and what it and disagreement say of ensembles of them.

    members: one row per cell with its mean accuracy over the corruptions; ensembles: one row per ensemble with means
    over the corruptions of `improvement` and `disagreement`, and the mean `introspectability` of its members;
    correlations: the table cell_resilience.csv with `of`, `with`, spearman, low, high.
    """
    if members.empty or ensembles.empty:
        raise UserError("figure: no cells were dumped on corrupted images; add corruptions to the config")
    figure = Figure(figsize=(style.FULL_WIDTH, 2.5))
    panels = figure.subplots(1, 3)
    lost = (members["clean_accuracy"] - members["shifted_accuracy"]) * 100
    panels[0].plot(members["introspectability"], lost, "o", color=style.VERMILLION, markersize=4)
    panels[0].set(xlabel="Introspectability of a cell", ylabel="Accuracy lost under corruption (points)")
    gained = ensembles["improvement"] * 100
    for axes, column, label in (
        (panels[1], "introspectability", "Mean introspectability\nof the members"),
        (panels[2], "disagreement", "Disagreement of the members"),
    ):
        axes.plot(ensembles[column], gained, "o", color=style.BLUE, markersize=2.5, alpha=0.6)
        axes.axhline(0, color="0.3", linestyle=(0, (4, 2)), linewidth=0.8)
        axes.set_xlabel(label)
    panels[1].set_ylabel("Improvement over the best member,\ncorrupted images (points)")
    pairs = [("lost", "introspectability"), ("improvement", "introspectability"), ("improvement", "disagreement")]
    for axes, (of, by) in zip(panels, pairs, strict=True):
        known = correlations[(correlations["of"] == of) & (correlations["with"] == by)]
        if len(known):
            row = known.iloc[0]
            words = style.interval_words(row["spearman"], row["low"], row["high"])
            axes.set_title(f"\N{GREEK SMALL LETTER RHO} = {words}".replace("= not", "not"), fontsize=style.SMALL_TEXT)
    return figure
