"""Members' maps, their average, and what it should mark: Figures 2, 3 and 4 of the explanation paper."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from heterodox.figures import style
from heterodox.figures.annotations import HEAT, show_image
from heterodox.figures.method_words import method_words

OUTLINE = style.SKY
TAIL = 0.22  # length of an arrow, in widths of the image


@style.theme()
def draw_members(images: np.ndarray, masks: np.ndarray, members: np.ndarray, average: np.ndarray) -> Figure:
    """Draw a row per image: the image, four members' maps, and the average of all members.

    images: uint8 (n, H, W, C); masks: bool (n, H, W); members: (n, M, H, W) and average: (n, H, W) in [0, 1].
    """
    count = min(4, members.shape[1])
    figure, grid = _grid(len(images), count + 2, images.shape[1:3], style.FULL_WIDTH)
    for row, image, mask, own, mean in zip(grid, images, masks, members, average, strict=True):
        show_image(row[0], image)
        for axes, values in zip(row[1:], [*own[:count], mean], strict=True):
            _show_map(axes, values, mask)
    names = [f"Member {place + 1}" for place in range(count)]
    _titles(grid, ["Image", *names, f"Average of {members.shape[1]}"])
    return figure


@style.theme()
def draw_masks(
    images: np.ndarray, masks: np.ndarray, average: np.ndarray, parts: Sequence[str], threshold: float
) -> Figure:
    """Draw a row per image: the image, the mask of its part, the averaged map, and where that exceeds `threshold`."""
    figure, grid = _grid(len(images), 4, images.shape[1:3], style.COLUMN_WIDTH)
    for row, image, mask, mean, part in zip(grid, images, masks, average, parts, strict=True):
        show_image(row[0], image)
        row[0].set_ylabel(style.words(part))
        show_image(row[1], _black_and_white(mask))
        _show_map(row[2], mean, mask)
        show_image(row[3], _black_and_white(mean > threshold))
        _outline(row[3], mask, OUTLINE)
    _titles(grid, ["Image", "Mask", "Average", f"Above {threshold:g}"])
    return figure


def _black_and_white(region: np.ndarray) -> np.ndarray:
    return np.where(region[..., None], 255, 0).astype(np.uint8)


@style.theme()
def draw_centres(images: np.ndarray, members: np.ndarray, ensemble: np.ndarray, targets: np.ndarray) -> Figure:
    """Draw each image with an arrow to every member's centre of mass, black, and to the ensemble's, red.

    members: (n, M, 2), ensemble and targets: (n, 2), as (x, y) in pixels with (0, 0) the middle of the first pixel.
    """
    figure, grid = _grid(
        1,
        len(images),
        images.shape[1:3],
        float(np.clip(1.9 * len(images) + 0.3, style.COLUMN_WIDTH, style.FULL_WIDTH)),
        room=0.35,
    )
    width = images.shape[2]
    for axes, image, own, mean, target in zip(grid[0], images, members, ensemble, targets, strict=True):
        show_image(axes, image)
        for place, point in enumerate(own):
            angle = 2 * np.pi * place / len(own)
            _arrow(axes, point, angle, TAIL * width, style.BLACK, 0.7)
        _arrow(axes, mean, np.pi / 4, 1.5 * TAIL * width, style.VERMILLION, 1.6)
        axes.plot(
            *(target + 0.5), "o", markersize=7, markerfacecolor="none", markeredgecolor="white", markeredgewidth=2.2
        )
        axes.plot(
            *(target + 0.5), "o", markersize=7, markerfacecolor="none", markeredgecolor=style.BLUE, markeredgewidth=1.1
        )
    handles = [
        Line2D([], [], color=style.BLACK, linewidth=0.9, marker=">", markersize=3, label="single members"),
        Line2D([], [], color=style.VERMILLION, linewidth=1.6, marker=">", markersize=4, label="averaged map"),
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markerfacecolor="none",
            markeredgecolor=style.BLUE,
            label="middle of the part",
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


@style.theme()
def draw_wrapped(
    images: np.ndarray,
    masks: np.ndarray,
    average: np.ndarray,
    wrapped: Mapping[str, np.ndarray],
    scores: Mapping[str, Mapping[str, tuple[float, float, float]]],
    score_name: str,
) -> Figure:
    """Draw averaged maps beside maps of the ensemble as one network, and below how all score.

    average: (n, H, W); wrapped: maps (n, H, W) by name; scores: by method and kind (`individual`, `mean` or a name in
    `wrapped`) a value with its interval.
    """
    columns = 2 + len(wrapped)
    side = (style.FULL_WIDTH - 0.2) / max(columns, 4)
    ratio = images.shape[1] / images.shape[2]
    height = side * ratio * len(images) + 0.25
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    figure = Figure(figsize=(style.FULL_WIDTH, height + 1.9), layout=layout)
    above, below = np.ravel(figure.subfigures(2, 1, height_ratios=[height, 1.9], squeeze=False))
    grid = above.subplots(len(images), columns, squeeze=False)
    for place, row in enumerate(grid):
        show_image(row[0], images[place])
        for axes, values in zip(row[1:], [average[place], *(maps[place] for maps in wrapped.values())], strict=True):
            _show_map(axes, values, masks[place])
    _titles(grid, ["Image", "Average of maps", *(f"{style.words(name)} explained" for name in wrapped)])
    _draw_scores(below.subplots(), scores, score_name)
    return figure


def _draw_scores(axes: Axes, scores: Mapping[str, Mapping[str, tuple[float, float, float]]], name: str) -> None:
    looks = [(style.BLACK, "x"), (style.VERMILLION, "o"), (style.BLUE, "s"), (style.GREEN, "^")]
    kinds = list(dict.fromkeys(kind for own in scores.values() for kind in own))
    for place, kind in enumerate(kinds):
        colour, marker = looks[place % len(looks)]
        known = [
            (at + (place - (len(kinds) - 1) / 2) * 0.14, own[kind])
            for at, own in enumerate(scores.values())
            if kind in own
        ]
        x = [at for at, _ in known]
        value, low, high = np.array([found for _, found in known]).T
        axes.errorbar(
            x, value, [value - low, high - value], color=colour, marker=marker, markersize=4, linestyle="", label=kind
        )
    axes.set_xticks(range(len(scores)), [method_words(method) for method in scores])
    axes.set(ylabel=name, xlim=(-0.5, len(scores) - 0.5))
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def _grid(down: int, across: int, shape: tuple[int, int], width: float, room: float = 0.0) -> tuple[Figure, np.ndarray]:
    side = (width - 0.2) / across
    height = down * (side * shape[0] / shape[1] + 0.02) + 0.2 + room
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    figure = Figure(figsize=(width, height), layout=layout)
    return figure, figure.subplots(down, across, squeeze=False)


def _titles(grid: np.ndarray, titles: Sequence[str]) -> None:
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, loc="center", pad=3)


def _show_map(axes: Axes, values: np.ndarray, mask: np.ndarray) -> None:
    height, width = values.shape
    axes.imshow(values, cmap=HEAT, vmin=0, vmax=1, extent=(0, width, height, 0))
    _outline(axes, mask, OUTLINE)
    style.bare(axes)


def _outline(axes: Axes, region: np.ndarray, colour: str) -> None:
    """Draw the outline of a region along the edges of its pixels."""
    if not region.any() or region.all():
        return
    height, width = region.shape
    fine = np.kron(region, np.ones((8, 8)))
    across, down = (np.arange(8 * length) / 8 + 1 / 16 for length in (width, height))
    axes.contour(across, down, fine, [0.5], colors=[colour], linewidths=1.0)


def _arrow(axes: Axes, point: np.ndarray, angle: float, length: float, colour: str, width: float) -> None:
    tip = point + 0.5  # the picture's corner is (0, 0)
    tail = tip + length * np.array([np.cos(angle), np.sin(angle)])
    arrow = FancyArrowPatch(
        tuple(tail),
        tuple(tip),
        arrowstyle="-|>",
        mutation_scale=4 + 2 * width,
        color=colour,
        linewidth=width,
        shrinkA=0,
        shrinkB=0,
    )
    arrow.set_path_effects([patheffects.withStroke(linewidth=width + 0.9, foreground="white")])
    axes.add_patch(arrow)
