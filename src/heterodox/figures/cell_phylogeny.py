"""The descent of one cell of the front, by accuracy and by introspectability (Figure 3 of the paper)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.cell_searches import COLOURS, FACTORS, LABELS

COLUMNS = ["individual", "generation", "parents", "accuracy", "introspectability", "optimal", "chosen", "ancestor"]
TRAITS = {"accuracy": "Accuracy", "introspectability": "Introspectability"}


@style.theme()
def draw(phylogeny: pd.DataFrame, heritabilities: pd.DataFrame) -> Figure:
    """Draw every evaluated cell by generation and value, lines to its parents, the descent of the chosen one in colour.

    phylogeny: the table cell_phylogeny.csv; heritabilities: cell_heritability.csv, whose r stands in the titles.
    """
    if phylogeny.empty:
        raise UserError("figure: cell_phylogeny.csv is empty; run the search again")
    figure = Figure(figsize=(style.FULL_WIDTH, 4.3))
    panels = figure.subplots(2, 1, sharex=True)
    numbers = heritabilities.set_index("trait")
    for axes, objective in zip(panels, TRAITS, strict=True):
        _draw_panel(axes, phylogeny, objective)
        row = numbers.loc[objective]
        axes.set_title(_words(TRAITS[objective], row))
    panels[1].set_xlabel("Generation")
    panels[1].xaxis.set_major_locator(MaxNLocator(12, integer=True))
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4)
    return figure


def _draw_panel(axes: Axes, phylogeny: pd.DataFrame, objective: str) -> None:
    known = phylogeny.set_index("individual")
    heights, colour = known[objective] * FACTORS[objective], COLOURS[objective]
    places = {one: (known["generation"][one] + 1, heights[one]) for one in known.index}
    family = set(known.index[known["ancestor"].astype(bool) | known["chosen"].astype(bool)])
    lines: dict[bool, list[tuple[tuple[float, float], tuple[float, float]]]] = {False: [], True: []}
    for one, text in known["parents"].items():
        for parent in [] if pd.isna(text) or text == "" else str(text).split(";"):
            lines[one in family].append((places[int(float(parent))], places[one]))
    axes.add_collection(LineCollection(lines[False], colors="0.85", linewidths=0.3, zorder=1))
    axes.add_collection(LineCollection(lines[True], colors=colour, linewidths=0.8, zorder=2))
    axes.plot(known["generation"] + 1, heights, ".", color="0.65", markersize=3, zorder=2.5)
    own = known.loc[sorted(family)]
    axes.plot(own["generation"] + 1, own[objective] * FACTORS[objective], "o", color=colour, markersize=3.5, zorder=3)
    best = own[own["optimal"].astype(bool) & ~own["chosen"].astype(bool)]
    axes.plot(
        best["generation"] + 1, best[objective] * FACTORS[objective], "x", color=style.BLACK, markersize=5, zorder=4
    )
    last = own[own["chosen"].astype(bool)]
    axes.plot(last["generation"] + 1, last[objective] * FACTORS[objective], "*", color=style.VERMILLION, markersize=9)
    axes.set_ylabel(LABELS[objective])


def _words(name: str, row: pd.Series) -> str:
    if pd.isna(row["correlation"]):
        return f"{name}: resemblance of offspring and parents not defined"
    chance = f"{row['chance_low']:z.2f} to {row['chance_high']:z.2f}".replace("-", "\N{MINUS SIGN}")
    found = f"{row['correlation']:z.2f}".replace("-", "\N{MINUS SIGN}")
    return f"{name}: r of offspring and mean of parents {found} (parents exchanged: {chance}, p = {row['p_value']:.3f})"


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], marker=".", linestyle="", color="0.65", label="Evaluated cell"),
        Line2D([], [], marker="o", markersize=3.5, color=style.BLUE, label="Ancestor, line to its child"),
        Line2D([], [], marker="x", linestyle="", color=style.BLACK, label="Pareto-optimal in its generation"),
        Line2D([], [], marker="*", linestyle="", color=style.VERMILLION, markersize=8, label="Cell of the final front"),
    ]
