"""What a pruning search found, two objectives at a time and all three: runs, their merged front, and baselines."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from heterodox.figures import style

OBJECTIVES = ["error", "active_share", "auroc_loss"]
EVALUATION_COLUMNS = ["scope", "kind", "run", *OBJECTIVES]
HEAD_COLUMNS = ["kind", "run", "place", "accuracy", "active_share", "auroc", "test_accuracy", "test_auroc"]
LABELS = {
    "error": "Error on validation images (%)",
    "active_share": "Active genes (%)",
    "auroc_loss": "1 \N{MINUS SIGN} AUROC on validation images (%)",
}
RUN_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE)
RUN_MARKS = "osD^v"
MOST_SHOWN = len(RUN_COLOURS)
MOST_MARKED = 60  # more heads by magnitude get smaller marks, or they cover the masks


@style.theme()
def draw(evaluations: pd.DataFrame, front: pd.DataFrame, heads: pd.DataFrame, scope: str) -> Figure:
    """Draw the three pairs of objectives: masks of each run, random ones, the merged front and baselines.

    evaluations: pruning_evaluations.csv; front: pruning_front.csv; heads: pruning_heads.csv. All on validation images;
    lower and further left is better. The frontier joins those of the merged front that are best in the pair shown.
    """
    figure = Figure(figsize=(style.FULL_WIDTH, 2.75))
    own = evaluations[evaluations["scope"] == scope]
    best = front[front["rank"] == 0]
    for axes, (across, up) in zip(figure.subplots(1, 3), combinations(LABELS, 2), strict=True):
        _draw_pair(axes, own, best, _as_objectives(heads), across, up)
    figure.legend(handles=_legend(own), loc="outside lower center", ncols=4, handletextpad=0.3)
    return figure


def _as_objectives(heads: pd.DataFrame) -> pd.DataFrame:
    return heads.assign(error=1 - heads["accuracy"], auroc_loss=1 - heads["auroc"])


def _draw_pair(axes: Axes, own: pd.DataFrame, best: pd.DataFrame, heads: pd.DataFrame, across: str, up: str) -> None:
    drawn = own[own["kind"] == "random"]
    axes.plot(100 * drawn[across], 100 * drawn[up], ".", color="0.75", markersize=2.5, markeredgewidth=0, zorder=1)
    for colour, mark, _, run in _runs(own):
        axes.plot(100 * run[across], 100 * run[up], mark, color=colour, markersize=2, alpha=0.45, markeredgewidth=0)
    axes.plot(
        100 * best[across],
        100 * best[up],
        "o",
        color="none",
        markeredgecolor=style.BLACK,
        markersize=4,
        markeredgewidth=0.7,
    )
    _draw_frontier(axes, 100 * best[[across, up]].to_numpy())
    for kind, mark, colour in (("magnitude", "P", style.YELLOW), ("unpruned", "*", style.SKY)):
        shown = heads[heads["kind"] == kind]
        size = 8 if kind == "unpruned" else 4 if len(shown) <= MOST_MARKED else 2.5
        axes.plot(
            100 * shown[across], 100 * shown[up], mark, color=colour, markersize=size, markeredgecolor=style.BLACK,
            markeredgewidth=0.4, zorder=4,
        )  # fmt: skip
    axes.set(xlabel=LABELS[across], ylabel=LABELS[up])
    _set_limits(axes, own, best, heads, across, up)


def _runs(own: pd.DataFrame) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Return colour, mark, label and rows of each searched run; of all together where they are too many to tell."""
    searched = own[own["kind"] == "nsga2"]
    runs = list(searched.groupby("run", sort=True))
    if len(runs) > MOST_SHOWN:
        return [(RUN_COLOURS[0], RUN_MARKS[0], f"search, {len(runs)} runs", searched)]
    styles = zip(RUN_COLOURS, RUN_MARKS, runs, strict=False)
    return [(colour, mark, f"search, run {run}", rows) for colour, mark, (run, rows) in styles]


def _draw_frontier(axes: Axes, points: np.ndarray) -> None:
    """Draw the staircase of those points that no other one beats in both of the two objectives shown."""
    order = points[np.lexsort((points[:, 1], points[:, 0]))]
    lowest = np.minimum.accumulate(order[:, 1])
    kept = order[np.r_[True, order[1:, 1] < lowest[:-1]]]
    axes.step(kept[:, 0], kept[:, 1], where="post", color=style.BLACK, linewidth=0.8, zorder=3)


def _set_limits(axes: Axes, own: pd.DataFrame, best: pd.DataFrame, heads: pd.DataFrame, across: str, up: str) -> None:
    """Show the unpruned networks and all but the worst masks: a few that learned little would press others together."""
    shown = heads[heads["kind"] == "unpruned"]
    for name, set_limits in ((across, axes.set_xlim), (up, axes.set_ylim)):
        low = 100 * min(own[name].min(), shown[name].min())
        high = 100 * max(np.nanpercentile(own[name], 95), best[name].quantile(0.85), shown[name].max())
        room = 0.05 * (high - low) or 0.5
        set_limits(low - room, high + room)


def _legend(own: pd.DataFrame) -> list[Line2D]:
    plain: dict[str, Any] = {"linestyle": "none"}
    handles = [
        Line2D([], [], color=colour, marker=mark, markersize=3, label=label, **plain)
        for colour, mark, label, _ in _runs(own)
    ]
    edge: dict[str, Any] = {"markeredgecolor": style.BLACK, "markeredgewidth": 0.5}
    return [
        *handles,
        Line2D([], [], color="0.75", marker=".", label="random masks", **plain),
        Line2D([], [], color=style.BLACK, marker="o", markerfacecolor="none", markersize=4, label="merged front"),
        Line2D(
            [], [], color=style.YELLOW, marker="P", markersize=4, label="by magnitude, equal density", **edge, **plain
        ),
        Line2D([], [], color=style.SKY, marker="*", markersize=7, label="unpruned", **edge, **plain),
    ]
