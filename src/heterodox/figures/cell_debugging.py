"""Wrong predictions and wrong labels found by low scores, highest against lowest introspectability (Figure 8)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["task", "cell", "introspectability", "percentile", "value", "low", "high"]
CELLS = {"highest": (style.VERMILLION, "-"), "lowest": (style.BLUE, "--")}
TASKS = {
    "mispredictions": ("Mispredictions", "Accuracy gained (points)"),
    "label_errors": ("Flipped labels (20 %)", "Flipped labels found (%)"),
}


@style.theme()
def draw(debugging: pd.DataFrame) -> Figure:
    """Draw both tasks against the percentile of scores that is looked at, with 95 % bands over images.

    debugging: the table cell_debugging.csv; `cell` is `highest` or `lowest`, values are shares.
    """
    if debugging.empty:
        raise UserError("figure: cell_debugging.csv is empty; run the study again")
    figure = Figure(figsize=(style.FULL_WIDTH, 2.5))
    for axes, (task, (title, label)) in zip(figure.subplots(1, 2), TASKS.items(), strict=True):
        for cell, (colour, line) in CELLS.items():
            own = debugging[(debugging["task"] == task) & (debugging["cell"] == cell)].sort_values("percentile")
            if own.empty:
                continue
            words = f"{cell.capitalize()} introspectability ({own['introspectability'].iloc[0]:.3f})"
            axes.fill_between(
                own["percentile"], own["low"] * 100, own["high"] * 100, color=colour, alpha=0.15, linewidth=0
            )
            axes.plot(own["percentile"], own["value"] * 100, line, color=colour, label=words)
        if task == "label_errors":
            axes.plot([0, 100], [0, 100], ":", color="0.5", label="By chance")
        axes.set_title(title)
        axes.set_xlabel("Lowest scores looked at (%)")
        axes.set_ylabel(label)
        axes.legend(loc="upper left" if task == "mispredictions" else "lower right")
    return figure
