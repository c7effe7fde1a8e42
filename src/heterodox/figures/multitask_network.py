"""The multi-task network as a diagram, with the accuracy of each of its heads (Figure 13 of the paper)."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from heterodox.figures import style

COLUMNS = ["head", "kind", "outputs", "accuracy", "baseline"]
KINDS = {"class": style.BLUE, "attribute": style.GREEN}
ROW = 0.27  # inches a head is high


@style.theme()
def draw(heads: pd.DataFrame, trunk: str, image_words: str, networks: int) -> Figure:
    """Draw images, trunk and heads from left to right, each head with its accuracy beside the commonest answer's.

    heads: a row per head with COLUMNS: its name, `class` or `attribute`, its number of outputs, and the shares of test
    images that it and the commonest value get right, means over `networks` networks; trunk: name of the network;
    image_words: what goes in.
    """
    count = len(heads)
    inches = max(1.6, ROW * count + 0.5)
    figure = Figure(figsize=(style.FULL_WIDTH, inches))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, style.FULL_WIDTH), ylim=(inches, 0))
    style.bare(axes)
    middle = 0.32 + ROW * count / 2
    _block(axes, 0.1, middle - 0.3, 0.95, 0.6, image_words, "0.93")
    _block(
        axes, 1.4, middle - 0.45, 1.15, 0.9, f"Trunk\n{trunk}\n{networks} {'seeds' if networks > 1 else 'seed'}", "0.86"
    )
    _flow(axes, (1.05, middle), (1.4, middle))
    for text, x, side in (("Heads", 3.975, "center"), ("Accuracy (line: commonest answer)", 5.1, "left")):
        axes.text(x, 0.17, text, ha=side, va="center", color="0.3", fontsize=style.SMALL_TEXT)
    for place, head in enumerate(heads.itertuples()):
        _head(axes, head, 0.32 + ROW * (place + 0.5), middle)
    axes.plot([5.1, 5.1], [0.32, 0.32 + ROW * count], color="0.6", linewidth=0.5)
    return figure


def _head(axes: Axes, head: Any, y: float, middle: float) -> None:
    colour = KINDS[head.kind]
    half = ROW * 0.4
    _flow(axes, (2.55, middle), (3.1, y))
    words = f"{style.words(head.head)}: {head.outputs} outputs"
    _block(axes, 3.1, y - half, 1.75, 2 * half, words, "white", colour)
    length = 1.3
    axes.barh(y, length * head.accuracy, 1.5 * half, left=5.1, color=colour, alpha=0.75)
    at = 5.1 + length * head.baseline
    axes.plot([at, at], [y - half, y + half], color=style.BLACK, linewidth=1.1, solid_capstyle="butt")
    axes.text(5.1 + length + 0.06, y, f"{100 * head.accuracy:.1f} %", va="center", ha="left", fontsize=style.SMALL_TEXT)


def _block(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, fill: str, edge: str = "0.35"
) -> None:
    box = FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.05", facecolor=fill, edgecolor=edge, linewidth=0.9
    )
    axes.add_patch(box)
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=style.SMALL_TEXT)


def _flow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=5, linewidth=0.6, color="0.45", shrinkA=0, shrinkB=0
        )
    )
