"""How alike the layers of a team's members are (Figure 12 of the paper)."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from heterodox.errors import UserError
from heterodox.figures import style
from heterodox.figures.teams import Team


@style.theme()
def draw(similarity: pd.DataFrame, teams: list[Team]) -> Figure:
    """Draw a row of maps per team, a map per pair of its members: CKA of every layer of one with every of the other.

    similarity: tables of measure_similarity, joined; layers are numbered from input to output, in the table's order.
    Brighter = more alike; values below 0 are drawn as 0. Raises UserError where the table lacks a pair.
    """
    pairs = [list(combinations(team.members, 2)) for team in teams]
    across = max(map(len, pairs))
    figure = Figure(figsize=(style.FULL_WIDTH, 2.15 * len(teams)))
    blocks = figure.subfigures(len(teams), 1, squeeze=False)[:, 0]
    grids = []
    for letter, block, team, members in zip("abcdefgh", blocks, teams, pairs, strict=False):
        grids.append(block.subplots(1, across, squeeze=False)[0])
        title = f"({letter})  {style.shortened(team.title, 60)}, {team.accuracy_words}"
        block.suptitle(title, x=0.01, ha="left", fontsize=7.5)
        for axes, (first, second) in zip(grids[-1], members, strict=False):
            image = _draw_map(axes, cka_of(similarity, first, second), first, second)
        for axes in grids[-1][len(members) :]:
            axes.set_visible(False)
    for block, grid in zip(blocks, grids, strict=True):
        block.colorbar(image, ax=list(grid), label="CKA (1 = alike)", aspect=15, pad=0.01)
    return figure


def cka_of(similarity: pd.DataFrame, first: str, second: str) -> np.ndarray:
    """Return the CKA (layers of `first`, layers of `second`) of one pair; UserError where it was not measured."""
    rows = similarity[(similarity["first"] == first) & (similarity["second"] == second)]
    if rows.empty:
        raise UserError(f"figure: no similarity of {first} and {second} was measured; run the pipeline again")
    return rows["cka"].to_numpy().reshape(rows["layer_a"].nunique(), rows["layer_b"].nunique())


def _draw_map(axes: Axes, cka: np.ndarray, first: str, second: str) -> AxesImage:
    edges = (0.5, cka.shape[1] + 0.5, 0.5, cka.shape[0] + 0.5)
    image = axes.imshow(cka, cmap=style.CONTINUOUS, vmin=0, vmax=1, origin="lower", extent=edges, aspect="auto")
    axes.grid(False)
    axes.set_xlabel(f"Layer of {style.shortened(second, 22)}")
    axes.set_ylabel(f"Layer of {style.shortened(first, 22)}")
    axes.set_title(f"mean {np.mean(cka):z.2f}".replace("-", "\N{MINUS SIGN}"), fontsize=style.SMALL_TEXT)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True))
    return image
