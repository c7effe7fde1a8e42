"""Stimuli of the first user study: one network's explanation beside the mean of several (Figure 6 of the paper)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from heterodox.figures import annotations, style

SIDE = 1.65  # inches


class Stimulus(NamedTuple):
    """An image, uint8 (H, W, C), a single and an averaged map of it, (H, W) in [0, 1], and the bird's name."""

    image: np.ndarray
    single: np.ndarray
    averaged: np.ndarray
    name: str


@style.theme()
def draw(stimuli: Sequence[Stimulus], members: int, method: str) -> Figure:
    """Draw a row per image: plain, under one network's map, under the mean of `members` networks' maps.

    method: its name, as in `explain`.
    """
    ratio = stimuli[0].image.shape[0] / stimuli[0].image.shape[1]
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    figure = Figure(figsize=(3 * SIDE + 1.45, len(stimuli) * (SIDE * ratio + 0.03) + 0.3), layout=engine)
    grid = figure.subplots(len(stimuli), 3, squeeze=False)
    for row, one in zip(grid, stimuli, strict=True):
        shown = [one.image, annotations.heated(one.image, one.single), annotations.heated(one.image, one.averaged)]
        for axes, picture in zip(row, shown, strict=True):
            annotations.show_image(axes, picture)
        row[0].set_ylabel(style.wrapped(one.name, 12), rotation=0, ha="right", va="center", labelpad=4)
    name = "LIME" if (stem := method.partition("-")[0]) == "lime" else style.words(stem)
    for axes, title in zip(grid[0], ("Image", f"{name}, one network", f"Mean of {members} networks"), strict=True):
        axes.set_title(title, loc="center", pad=3)
    colours = ScalarMappable(cmap=annotations.HEAT)
    bar = figure.colorbar(colours, ax=grid, shrink=0.6, aspect=28, pad=0.015)
    bar.set_label("Importance, scaled per map")
    return figure
