"""Mean activations by class and block, the most and the least introspectable cell (Figures 5, C1 and C2)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from heterodox.figures import style

MOST_NAMES = 25  # classes; more names than that do not fit


@style.theme()
def draw(heats: Mapping[str, tuple[Sequence[str], np.ndarray]], classes: Sequence[str]) -> Figure:
    """Draw one heat map per cell, classes down and blocks across, all with one colour scale around 0.

    heats: by title the names of the blocks and the values (classes, blocks), z-scores averaged over a block.
    """
    most = max(float(np.abs(values).max()) for _, values in heats.values()) or 1.0
    height = min(6.0, 0.16 * min(len(classes), MOST_NAMES) + 0.9)
    figure = Figure(figsize=(style.FULL_WIDTH, height + 0.3))
    panels = figure.subplots(1, len(heats), sharey=True, squeeze=False)[0]
    for axes, (title, (blocks, values)) in zip(panels, heats.items(), strict=True):
        shown = axes.imshow(values, cmap="PuOr", vmin=-most, vmax=most, aspect="auto")
        axes.set_title(title)
        axes.set_xticks(range(len(blocks)), blocks, rotation=60, ha="right")
        axes.grid(False)
    places = range(0, len(classes), -(-len(classes) // MOST_NAMES))
    panels[0].set_yticks(places, [style.shortened(classes[place], 14) for place in places])
    bar = figure.colorbar(shown, ax=panels, pad=0.01)
    bar.set_label("Mean activation (z-score of its layer)")
    bar.ax.tick_params(labelsize=style.SMALL_TEXT)
    return figure
