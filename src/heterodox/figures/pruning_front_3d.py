"""The merged front of a pruning search in all three objectives."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from heterodox.figures import style


@style.theme()
def draw(front: pd.DataFrame, heads: pd.DataFrame) -> Figure:
    """Draw accuracy, active genes and AUROC of the front's masks, coloured by AUROC, and of the unpruned networks.

    front: pruning_front.csv; heads: pruning_heads.csv; all on validation images. A stem goes down to the floor: where a
    mask stands in accuracy and size.
    """
    figure = Figure(figsize=(style.COLUMN_WIDTH, 2.9))
    figure.set_layout_engine("none")
    axes: Any = figure.add_axes((0.0, 0.03, 0.82, 1.02), projection="3d")
    best = front[front["rank"] == 0]
    unpruned = heads[heads["kind"] == "unpruned"]
    size, accuracy, auroc = 100 * best["active_share"], 100 * (1 - best["error"]), 100 * (1 - best["auroc_loss"])
    floor = min(auroc.min(), 100 * unpruned["auroc"].min()) - 0.5
    for x, y, z in zip(size, accuracy, auroc, strict=True):
        axes.plot([x, x], [y, y], [floor, z], color="0.7", linewidth=0.5)
    shown = axes.scatter(size, accuracy, auroc, c=auroc, cmap=style.CONTINUOUS, s=14, depthshade=False)
    axes.scatter(
        100 * unpruned["active_share"], 100 * unpruned["accuracy"], 100 * unpruned["auroc"],
        marker="*", s=45, color=style.SKY, edgecolor=style.BLACK, linewidth=0.4, depthshade=False,
    )  # fmt: skip
    axes.set_xlabel("Active genes (%)", labelpad=-1)
    axes.set_ylabel("Accuracy (%)", labelpad=4)
    axes.set_zlabel("")
    axes.set_zlim(bottom=floor)
    axes.tick_params(pad=-3)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        low, high = axis.get_view_interval()
        axis.set_ticks([tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high])
    axes.view_init(elev=22, azim=-58)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.fill = False
        axis._axinfo["grid"].update(color="0.9", linewidth=0.4)
    bar = figure.colorbar(shown, cax=figure.add_axes((0.84, 0.25, 0.03, 0.5)))
    bar.set_label("AUROC (%), height and colour")
    figure.text(0.03, 0.015, "Stars: unpruned network of each run. Validation images", fontsize=style.SMALL_TEXT)
    return figure
