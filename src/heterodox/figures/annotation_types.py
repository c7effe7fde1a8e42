"""Five kinds of annotation on one bird: boxes, arrows, a heat map, labelled arrows, words (Figure 9 of the paper)."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from heterodox.explain.arrows import Box, Layout
from heterodox.figures import annotations, style

TEXT_POINTS = style.SMALL_TEXT
SIDE = 2.25  # inches that the image's width has


def pixels_per_inch(width: int) -> float:
    """Return how many pixels of an image one inch of the figure shows, for `annotations.label_sizes`."""
    return width / SIDE


@style.theme()
def draw(image: np.ndarray, layout: Layout, boxes: Sequence[Box], heat: np.ndarray, words: str, title: str) -> Figure:
    """Draw the image, uint8 (H, W, C), and its five annotations; heat: (H, W) in [0, 1]; title: the bird's name."""
    height = SIDE * image.shape[0] / image.shape[1] + 0.25
    engine = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    figure = Figure(figsize=(style.FULL_WIDTH, 2 * height), layout=engine)
    grid = GridSpec(2, 3, figure)
    titles = [title, "Boxes", "Arrows", "Heat map", "Labelled arrows", "Words"]
    for place, name in enumerate(titles):
        axes = figure.add_subplot(grid[place // 3, place % 3])
        heading = name if place == 0 else f"{'abcde'[place - 1]}) {name}"
        axes.set_title(heading, loc="center", pad=3)
        shown = annotations.heated(image, heat) if name == "Heat map" else image
        if name == "Words":
            style.bare(axes)
            axes.set_box_aspect(image.shape[0] / image.shape[1])
            text = textwrap.fill(words, 30)
            axes.text(0.5, 0.5, text, ha="center", va="center", linespacing=1.6, transform=axes.transAxes)
            continue
        annotations.show_image(axes, shown, layout.canvas if name in ("Arrows", "Labelled arrows") else None)
        if name == "Boxes":
            annotations.draw_boxes(axes, boxes)
        elif name == "Arrows":
            annotations.draw_arrows(axes, layout)
        elif name == "Labelled arrows":
            annotations.draw_labelled_arrows(axes, layout, TEXT_POINTS)
    return figure
