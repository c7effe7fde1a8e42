"""What genes may switch off: features, hidden units or both, by how much of the objectives each search dominates."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

COLUMNS = ["scope", "kind", "run", "hypervolume", "parameter_hypervolume", "area"]
MEASURES = {
    "hypervolume": "Volume: error,\nactive genes, 1 \N{MINUS SIGN} AUROC",
    "parameter_hypervolume": "Volume: error,\nparameters left, 1 \N{MINUS SIGN} AUROC",
    "area": "Area: error,\n1 \N{MINUS SIGN} AUROC",
}
STYLES = {"nsga2": (style.BLUE, "o", "search"), "random": ("0.6", "s", "random masks")}


@style.theme()
def draw(volumes: pd.DataFrame, scopes: list[str]) -> Figure:
    """Draw one panel per measure, one group per scope: each run a mark, their mean a line. Higher is better.

    volumes: pruning_volumes.csv.
    """
    figure = Figure(figsize=(style.FULL_WIDTH, 2.2))
    panels = figure.subplots(1, len(MEASURES))
    for axes, (name, title) in zip(panels, MEASURES.items(), strict=True):
        _draw_panel(axes, volumes, name, scopes)
        axes.set_title(title)
    panels[0].set_ylabel("Dominated share of the\nspace up to chance")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _draw_panel(axes: Axes, volumes: pd.DataFrame, name: str, scopes: list[str]) -> None:
    for kind, (colour, mark, label) in STYLES.items():
        for place, scope in enumerate(scopes):
            values = volumes[(volumes["scope"] == scope) & (volumes["kind"] == kind)][name]
            if not len(values):
                continue
            at = place + (-0.15 if kind == "nsga2" else 0.15)
            shown = label if scope == scopes[0] else None
            axes.plot([at] * len(values), values, mark, color=colour, markersize=3.5, label=shown, alpha=0.8)
            axes.hlines(values.mean(), at - 0.13, at + 0.13, color=style.BLACK, linewidth=1)
    axes.set_xticks(range(len(scopes)), [style.words(scope) for scope in scopes])
    axes.set_xlim(-0.5, len(scopes) - 0.5)
    axes.grid(False, axis="x")
