"""Bars of medians with brackets over the pairs that differ: what the figures of the user studies share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heterodox.figures import style

NAMES = {
    "control": "Control",
    "heat_map": "Heat\nmap",
    "boxes": "Boxes",
    "arrows": "Arrows",
    "labelled_arrows": "Labelled\narrows",
    "words": "Words",
}
COLOURS = {
    "control": "0.6",
    "heat_map": style.ORANGE,
    "boxes": style.SKY,
    "arrows": style.GREEN,
    "labelled_arrows": style.BLUE,
    "words": style.PURPLE,
}
STEP = 0.105  # of the bars' axis, between two brackets above one another


def draw_medians(axes: Axes, rows: pd.DataFrame, names: Sequence[str], top: float) -> None:
    """Draw a bar per name from 0 (or where the axis starts) to its median, quartiles as whiskers, n below its name.

    rows: columns name, median, low, high (quartiles) and participants; names without a row keep an empty place.
    """
    by_name = rows.set_index("name")
    for place, name in enumerate(names):
        if name not in by_name.index:
            continue
        row = by_name.loc[name]
        axes.bar(place, row["median"], 0.72, color=COLOURS.get(name, "0.8"))
        axes.plot([place, place], [row["low"], row["high"]], color=style.BLACK, linewidth=0.8)
    counts = [int(by_name.loc[name, "participants"]) if name in by_name.index else 0 for name in names]
    labels = [
        f"{NAMES.get(name, style.wrapped(style.words(name), 10))}\nn = {n}"
        for name, n in zip(names, counts, strict=True)
    ]
    axes.set_xticks(range(len(names)), labels)
    axes.set(xlim=(-0.6, len(names) - 0.4), ylim=(0, top))
    axes.grid(False, axis="x")


def draw_brackets(axes: Axes, comparisons: pd.DataFrame, names: Sequence[str], above: float, top: float) -> float:
    """Draw a bracket with its stars over each pair that differs, short ones lowest; return the axis' new upper end.

    comparisons: columns first, second, stars; `above` is where the highest bar or whisker ends, `top` the axis' end
    without brackets.
    """
    places = {name: place for place, name in enumerate(names)}
    shown = [row for row in comparisons.itertuples() if row.stars]
    shown.sort(key=lambda row: (abs(places[row.second] - places[row.first]), places[row.first]))
    levels: list[list[tuple[int, int]]] = []
    step = STEP * top
    for row in shown:
        low, high = sorted((places[row.first], places[row.second]))
        level = next((n for n, used in enumerate(levels) if all(high <= a or low >= b for a, b in used)), len(levels))
        if level == len(levels):
            levels.append([])
        levels[level].append((low, high))
        y = above + step * (level + 0.5)
        left, right = low + 0.08, high - 0.08
        axes.plot(
            [left, left, right, right], [y - 0.15 * step, y, y, y - 0.15 * step], color=style.BLACK, linewidth=0.6
        )
        axes.text((left + right) / 2, y - 0.06 * step, row.stars, ha="center", va="bottom", fontsize=style.SMALL_TEXT)
    return max(top, above + step * (len(levels) + 0.6)) if levels else top


def highest(rows: pd.DataFrame) -> float:
    """Return where the highest bar or whisker ends."""
    return float(np.nanmax(rows[["median", "high"]].to_numpy(float)))
