"""Class means in the plane of their largest variance, the most and least introspectable cell (Figures 6, D1, D2)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

MOST_NAMES = 20  # classes; more names than that cover each other
COLOURS = (style.VERMILLION, style.GREEN)


@style.theme()
def draw(
    planes: Mapping[str, tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]] | None = None,
) -> Figure:
    """Draw each cell's class means as points from the origin, their mean.

    planes: by title coordinates (classes, 2) and explained shares (2,); groups: at most two sets of classes to be set
    off, by name, such as those below one hypernym.
    """
    groups = groups or {}
    figure = Figure(figsize=(style.FULL_WIDTH, 3.3))
    panels = figure.subplots(1, len(planes), squeeze=False)[0]
    for axes, (title, (points, explained)) in zip(panels, planes.items(), strict=True):
        axes.axhline(0, color="0.8", linewidth=0.6)
        axes.axvline(0, color="0.8", linewidth=0.6)
        axes.plot(points[:, 0], points[:, 1], "o", color=style.BLUE, markersize=3.5)
        for (name, rows), colour in zip(groups.items(), COLOURS, strict=False):
            axes.plot(points[list(rows), 0], points[list(rows), 1], "o", color=colour, markersize=4.5, label=name)
        if len(classes) <= MOST_NAMES:
            _write_names(axes, points, classes)
        axes.set_title(title)
        axes.set_xlabel(f"First component ({explained[0]:.0%} of the variance)")
        axes.set_ylabel(f"Second component ({explained[1]:.0%})")
        axes.margins(0.28, 0.18)
    if groups:
        panels[0].legend(loc="best")
    return figure


def _write_names(axes: Axes, points: np.ndarray, classes: Sequence[str]) -> None:
    """Write each class beside its point; names that would cover an earlier one move up or down."""
    span = np.ptp(points, axis=0)
    span[span == 0] = 1
    taken: list[np.ndarray] = []
    for place in np.argsort(-points[:, 1], kind="stable"):
        at = points[place] / span
        spot = at.copy()
        while any(abs(spot[1] - other[1]) < 0.055 and abs(spot[0] - other[0]) < 0.33 for other in taken):
            spot[1] -= 0.011
        taken.append(spot)
        name = style.shortened(classes[place], 12)
        moved = abs(spot[1] - at[1]) > 0.03
        axes.annotate(
            name,
            points[place],
            (spot * span) + np.array([0.025, 0]) * span,
            fontsize=style.SMALL_TEXT,
            va="center",
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": "0.6"} if moved else None,
        )
