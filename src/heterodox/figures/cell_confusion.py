"""Classes taken for each other beside the distances of their activations, before and after repair (Figures K7, K8)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from heterodox.figures import style

SHOWN_NUMBERS = 12  # classes; above, the numbers in the fields would be too small


@style.theme()
def draw(
    distances: Sequence[np.ndarray], confusions: Sequence[np.ndarray], pair: tuple[int, int], classes: Sequence[str]
) -> Figure:
    """Draw negated distances (left) and folded confusion (right), one row before and one after the repair.

    distances: (classes, classes) each; confusions: folded matrices (classes, classes), images; pair: the one repaired,
    framed; the diagonal of the confusion, what is recognised, is left blank: it would hide all else.
    """
    figure = Figure(figsize=(style.FULL_WIDTH, 6.2))
    panels = figure.subplots(2, 2)
    titles = ("before the repair", "after the repair")
    for row, (distance, confusion, title) in enumerate(zip(distances, confusions, titles, strict=True)):
        lower = np.tril(np.ones(distance.shape, bool), -1)
        for axes, values, name in (
            (panels[row, 0], np.where(lower, -distance, np.nan), f"Negated distance of class means, {title}"),
            (panels[row, 1], np.where(lower, confusion, np.nan), f"Taken for each other (images), {title}"),
        ):
            _draw_matrix(axes, values, pair, classes)
            axes.set_title(name)
            bar = figure.colorbar(axes.images[0], ax=axes, shrink=0.8)
            bar.ax.tick_params(labelsize=style.SMALL_TEXT)
    return figure


def _draw_matrix(axes: Axes, values: np.ndarray, pair: tuple[int, int], classes: Sequence[str]) -> None:
    axes.imshow(values, cmap=style.CONTINUOUS)
    few = len(classes) <= SHOWN_NUMBERS
    places = range(len(classes)) if few else range(0, len(classes), max(1, len(classes) // 10))
    axes.set_xticks(places, [style.shortened(classes[place], 11) for place in places], rotation=90)
    axes.set_yticks(places, [style.shortened(classes[place], 11) for place in places])
    axes.grid(False)
    low, high = pair
    axes.add_patch(Rectangle((low - 0.5, high - 0.5), 1, 1, fill=False, edgecolor=style.VERMILLION, linewidth=1.5))
