"""Where the members of several teams look on the same images (Figure 11 of the paper)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine

from heterodox.figures import style
from heterodox.figures.saliency_maps import MemberMaps, class_name, frame_map
from heterodox.figures.teams import Team

LABEL_WIDTH, HEAD_HEIGHT, GAP = 0.6, 0.45, 0.15  # inches; the last as a share of a picture's width


@style.theme()
def draw(
    images: np.ndarray, labels: np.ndarray, classes: list[str], teams: list[tuple[Team, list[MemberMaps]]]
) -> Figure:
    """Draw a row per image, with its class; a block of columns per team, a column per member.

    images: uint8 (n, H, W, C), C = 1 or 3; labels: (n,); classes: names. Each map is scaled by its own maximum;
    brighter means that the member's answer depends more on the pixel. A wrong answer has a dashed frame, a right one a
    solid frame. Above each team stand its accuracy and its attribution diversity.
    """
    figure, grid = _page(images.shape, [len(maps) for _, maps in teams])
    for row, (image, label) in enumerate(zip(images, labels, strict=True)):
        axes = _cell(figure, grid, row, 0)
        style.draw_picture(axes, image, "" if row else "image")
        name = style.wrapped(class_name(classes, label, 24), 12)
        axes.set_ylabel(name, fontsize=style.SMALL_TEXT, rotation=0, ha="right", va="center")
    column = 2
    for team, members in teams:
        for place, member in enumerate(members):
            _draw_column(figure, grid, column + place, member, labels)
        block = figure.add_subplot(grid[0, column : column + len(members)], frameon=False, xticks=[], yticks=[])
        block.set_title(_heading(team), loc="center", pad=13)
        column += len(members) + 1
    return figure


def _page(shape: tuple[int, ...], members: list[int]) -> tuple[Figure, GridSpec]:
    """Return the figure and its grid: a column of images, then per team a gap and a column per member."""
    widths = [1.0]
    for count in members:
        widths += [GAP] + [1.0] * count
    side = (style.FULL_WIDTH - LABEL_WIDTH) / max(sum(widths), 8)
    height = shape[0] * (side * shape[1] / shape[2] + 0.01) + HEAD_HEIGHT
    layout = ConstrainedLayoutEngine(w_pad=0.015, h_pad=0.01, wspace=0, hspace=0)
    figure = Figure(figsize=(side * sum(widths) + LABEL_WIDTH, height), layout=layout)
    return figure, figure.add_gridspec(shape[0], len(widths), width_ratios=widths)


def _cell(figure: Figure, grid: GridSpec, row: int, column: int) -> Axes:
    axes = figure.add_subplot(grid[row, column])
    style.bare(axes)
    return axes


def _draw_column(figure: Figure, grid: GridSpec, column: int, member: MemberMaps, labels: np.ndarray) -> None:
    for row, (values, right) in enumerate(zip(member.maps, member.predictions == labels, strict=True)):
        axes = _cell(figure, grid, row, column)
        frame_map(axes, values, bool(right))
        if not row:
            title = style.shortened(member.member, 10)
            axes.set_title(title, fontsize=style.SMALL_TEXT, loc="center", pad=2.5)


def _heading(team: Team) -> str:
    known = np.isfinite(team.attribution_diversity)
    diversity = f", diversity {team.attribution_diversity:.2f}" if known else ""
    return f"{style.shortened(team.title, 34)}\n{team.accuracy_words}{diversity}"
