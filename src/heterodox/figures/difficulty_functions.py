"""What is hard for two families of members, image by image, and how it varies together (Figure 3 of the paper)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["shift", "first", "second", "covariance", "covariance_low", "covariance_high"]
JOINT_COLUMNS = ["shift", "first", "second", "first_failing", "second_failing", "images"]
MOST_ACROSS = 3


@style.theme()
def draw(table: pd.DataFrame, joint: pd.DataFrame, first: str, second: str) -> Figure:
    """Draw the joint distribution of two families' difficulty on every shift, and the covariances with intervals.

    table, joint: difficulty.csv and difficulty_joint.csv. Raises UserError where they lack the two families.
    """
    shown = joint[(joint["first"] == first) & (joint["second"] == second)]
    if shown.empty:
        there = ", ".join(dict.fromkeys(joint["first"] + " and " + joint["second"])) or "no pair"
        raise UserError(f"figure: difficulty.csv compares {there}, not {first} and {second}; correct the config")
    shifts = list(dict.fromkeys(shown["shift"]))
    across = min(MOST_ACROSS, len(shifts))
    down = -(-len(shifts) // across)
    figure = Figure(figsize=(style.FULL_WIDTH, 1.55 * down + 2.1))
    parts: Any = figure.subfigures(2, 1, height_ratios=[1.55 * down + 0.3, 1.8])
    upper, lower = parts
    _draw_joint(upper, shown, shifts, (down, across))
    _draw_covariances(lower.subplots(), table, (first, second), shifts)
    return figure


def _draw_joint(figure: Figure, joint: pd.DataFrame, shifts: list[str], shape: tuple[int, int]) -> None:
    first, second = joint["first"].iloc[0], joint["second"].iloc[0]
    grid = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    colours = LogNorm(1, max(2, joint["images"].max()))
    for axes in grid.flat[len(shifts) :]:
        axes.set_visible(False)
    for axes, shift in zip(grid.flat, shifts, strict=False):
        counts = joint[joint["shift"] == shift].pivot(index="second_failing", columns="first_failing", values="images")
        picture = _draw_shares(axes, counts, colours)
        axes.set_title(style.shortened(style.shift_words(shift), 30))
    for axes in grid.flat[max(0, len(shifts) - shape[1]) : len(shifts)]:
        axes.tick_params(labelbottom=True)  # also where the row below ends earlier
    figure.colorbar(picture, ax=grid, label="Images", pad=0.01, aspect=30)
    figure.supxlabel(f"Difficulty for {first}: share of its members that fail on an image", fontsize=7)
    figure.supylabel(f"Difficulty for {second}", fontsize=7)


def _draw_shares(axes: Axes, counts: pd.DataFrame, colours: LogNorm) -> QuadMesh:
    """Draw one shift's histogram; cells are centred on the shares 0, 1 / m, ..., 1 and empty ones stay white."""
    edges = [(np.arange(size + 1) - 0.5) / max(1, size - 1) for size in counts.shape]
    values = np.ma.masked_equal(counts.to_numpy(), 0)
    picture = axes.pcolormesh(edges[1], edges[0], values, norm=colours, cmap=style.CONTINUOUS, rasterized=True)
    axes.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.grid(False)
    return picture


def _draw_covariances(axes: Axes, table: pd.DataFrame, names: tuple[str, str], shifts: list[str]) -> None:
    first, second = names
    series = {
        (first, first): (f"{first} with {first}", style.BLUE, "o", -0.2),
        (first, second): (f"{first} with {second}", style.BLACK, "D", 0.0),
        (second, second): (f"{second} with {second}", style.VERMILLION, "s", 0.2),
    }
    for (a, b), (label, colour, marker, offset) in series.items():
        rows = table[(table["first"] == a) & (table["second"] == b)].set_index("shift").loc[shifts]
        middle, low, high = (rows[name].to_numpy() * 100 for name in COLUMNS[3:])
        places = np.arange(len(shifts)) + offset
        errors = [np.maximum(middle - low, 0), np.maximum(high - middle, 0)]
        axes.errorbar(places, middle, errors, fmt=marker, color=colour, markersize=4, capsize=2, label=label)
    axes.axhline(0, color="0.3", linestyle=(0, (4, 2)), linewidth=0.8)
    axes.set_xticks(range(len(shifts)), [style.wrapped(style.shift_words(shift), 14) for shift in shifts])
    axes.set_xlim(-0.5, len(shifts) - 0.5)
    axes.grid(False, axis="x")
    axes.set_ylabel("Covariance of difficulty\n(percentage points)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0)
