"""How well strange images are told from known ones, by the temperature of ODIN, beside other scores."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

COLUMNS = ["run", "part", "score", "temperature", "epsilon", "ood", "auroc"]
SCORE_STYLES = {
    "maximum_softmax": (style.ORANGE, "--"),
    "maximum_logit": (style.GREEN, "-."),
    "energy": (style.PURPLE, ":"),
}
PERTURBED = (style.VERMILLION, style.SKY, style.YELLOW, style.BLACK)


@style.theme()
def draw(ablation: pd.DataFrame) -> Figure:
    """Draw AUROC on test images against T for each OoD set: mean over runs with their range, other scores as lines.

    ablation: detection_ablation.csv, of the unpruned networks. Diamonds at their T: ODIN with input perturbation.
    """
    shown = ablation[ablation["part"] == "test"]
    sets = list(dict.fromkeys(shown["ood"]))
    width = min(style.FULL_WIDTH, max(style.COLUMN_WIDTH, 1.75 * len(sets) + 0.5))
    figure = Figure(figsize=(width, 2.3 if width > 5 else 2.6))
    panels = figure.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, sets, strict=True):
        _draw_panel(axes, shown[shown["ood"] == name])
        images = int(shown[shown["ood"] == name]["images"].iloc[0])
        axes.set_title(f"{'all sets' if name == 'all' else style.words(name)}, n = {images}")
    panels[0].set_ylabel("AUROC on test images (%)")
    figure.supxlabel("Temperature T of ODIN", fontsize=7)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4 if width > 5 else 2)
    return figure


def _draw_panel(axes: Axes, own: pd.DataFrame) -> None:
    plain = own[(own["score"] == "odin") & (own["epsilon"].fillna(0) == 0)]
    by_temperature = plain.groupby("temperature")["auroc"].agg(["mean", "min", "max"]) * 100
    axes.plot(by_temperature.index, by_temperature["mean"], "o-", color=style.BLUE, markersize=2.5, label="ODIN")
    axes.fill_between(by_temperature.index, by_temperature["min"], by_temperature["max"], color=style.BLUE, alpha=0.2)
    for name, (colour, line) in SCORE_STYLES.items():
        values = own[own["score"] == name]["auroc"]
        if len(values):
            axes.axhline(100 * values.mean(), color=colour, linestyle=line, label=style.words(name))
    moved = own[(own["score"] == "odin") & (own["epsilon"].fillna(0) > 0)]
    for colour, (epsilon, rows) in zip(PERTURBED, moved.groupby("epsilon"), strict=False):
        means = 100 * rows.groupby("temperature")["auroc"].mean()
        axes.plot(means.index, means, "D", color=colour, markersize=3.5, label=f"ODIN, ε = {epsilon:g}", zorder=4)
    if np.ptp(by_temperature.index) > 0:
        axes.set_xscale("log")
