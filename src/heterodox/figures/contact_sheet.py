"""Synthetic birds in rows, and the same birds with their parts drawn over."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from heterodox.figures import style

PART_COLOURS = (style.VERMILLION, style.BLUE, style.YELLOW, style.PURPLE, style.SKY, style.GREEN, style.ORANGE)
SIDE = 1.12  # inches


@style.theme()
def draw(
    images: np.ndarray, masks: Mapping[str, np.ndarray], key_points: Mapping[str, np.ndarray], captions: Sequence[str]
) -> Figure:
    """Draw images in rows of six, each row once as it is and once with outlines and key points of its parts.

    images: uint8 (n, H, W, 3); masks: bool (n, H, W) by part; key_points: (n, 2), (x, y) in pixels, NaN for none, by
    part; captions: one line per image.
    """
    across = min(6, len(images))
    down = -(-len(images) // across)
    figure, grid = style.picture_grid(2 * down, across, SIDE, images.shape[1:3])
    colours = dict(zip(masks, PART_COLOURS, strict=False))
    for place, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(place, across)
        style.draw_picture(grid[2 * row, column], image, style.shortened(caption, 24))
        style.draw_picture(grid[2 * row + 1, column], image, "")
        for part, colour in colours.items():
            point = key_points[part][place] if part in key_points else np.full(2, np.nan)
            _draw_part(grid[2 * row + 1, column], masks[part][place], point, colour)
    handles = [Line2D([], [], color=colour, label=style.words(part)) for part, colour in colours.items()]
    handles.append(Line2D([], [], color="0.2", marker="o", markersize=3, linestyle="", label="Key point"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw_part(axes: Axes, mask: np.ndarray, point: np.ndarray, colour: str) -> None:
    if mask.any():
        axes.contour(mask.astype(float), levels=[0.5], colors=["white"], linewidths=1.6)
        axes.contour(mask.astype(float), levels=[0.5], colors=[colour], linewidths=0.9)
    if np.isfinite(point).all():
        axes.plot(*point, "o", markersize=2.6, color=colour, markeredgecolor="0.1", markeredgewidth=0.5)
