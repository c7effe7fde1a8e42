"""Images explained as experts do it: an arrow with a label for each attribute (Figure 14 of the paper)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from heterodox.explain.arrows import Layout
from heterodox.figures import annotations, style

TEXT_POINTS = style.SMALL_TEXT
ACROSS = 3


class Labelled(NamedTuple):
    """An image, uint8 (H, W, C), its arrows, and what stands above: what the network calls it, and whether rightly."""

    image: np.ndarray
    layout: Layout
    title: str
    right: bool


def pixels_per_inch(width: int) -> float:
    """Return how many pixels of an image one inch of the figure shows, for `annotations.label_sizes`."""
    return width / (style.FULL_WIDTH / ACROSS - 0.15)


@style.theme()
def draw(labelled: Sequence[Labelled]) -> Figure:
    """Draw the images three in a row, arrows and labels over them; a wrong name is in another colour and says so."""
    down = -(-len(labelled) // ACROSS)
    tallest = max((one.layout.canvas.bottom - one.layout.canvas.top) for one in labelled)
    height = tallest / pixels_per_inch(max(one.image.shape[1] for one in labelled)) + 0.27
    engine = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    figure = Figure(figsize=(style.FULL_WIDTH, height * down), layout=engine)
    grid = figure.subplots(down, ACROSS, squeeze=False).flat
    for axes in grid[len(labelled) :]:
        axes.set_visible(False)
    for axes, one in zip(grid, labelled, strict=False):
        annotations.show_image(axes, one.image, one.layout.canvas)
        annotations.draw_labelled_arrows(axes, one.layout, TEXT_POINTS, 0.9)
        title = one.title if one.right else f"{one.title} (wrong)"
        axes.set_title(title, loc="center", pad=3, color=style.BLACK if one.right else style.VERMILLION)
    return figure


@style.theme()
def draw_one(labelled: Labelled) -> Figure:
    """Draw one image with its arrows, nothing around it: a label for a page or a slide."""
    left, top, right, bottom = labelled.layout.canvas
    inch = pixels_per_inch(labelled.image.shape[1])
    figure = Figure(figsize=((right - left) / inch, (bottom - top) / inch))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    annotations.show_image(axes, labelled.image, labelled.layout.canvas)
    annotations.draw_labelled_arrows(axes, labelled.layout, TEXT_POINTS, 0.9)
    return figure
