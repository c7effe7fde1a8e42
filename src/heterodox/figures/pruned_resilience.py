"""Whether pruned networks that tell strange images also bear corrupted ones."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["member", "shift", "accuracy", "lost", "active_share", "test_auroc"]
CORRELATION_COLUMNS = ["shift", "quantity", "spearman", "low", "high", "n"]


@style.theme()
def draw(members: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Draw accuracy lost against AUROC, one panel per corruption, one point per member, coloured by active genes.

    members: pruning_members.csv; correlations: pruning_resilience.csv. Above each panel stands Spearman's correlation
    with its interval over members. Raises UserError where there is no shift but the clean one.
    """
    shifts = [shift for shift in dict.fromkeys(members["shift"]) if shift != "clean"]
    if not shifts:
        raise UserError("config: corruptions: the pruning study draws what its members lose; name at least one")
    figure = Figure(figsize=(min(style.FULL_WIDTH, 1.7 * len(shifts) + 0.9), 2.2))
    panels = figure.subplots(1, len(shifts), sharex=True, squeeze=False)[0]
    colours = 100 * members["active_share"].min(), 100 * members["active_share"].max()
    for axes, shift in zip(panels, shifts, strict=True):
        own = members[members["shift"] == shift]
        shown = axes.scatter(
            100 * own["test_auroc"], 100 * own["lost"], c=100 * own["active_share"], cmap=style.CONTINUOUS, s=14,
            vmin=colours[0], vmax=colours[1], edgecolor=style.BLACK, linewidth=0.3,
        )  # fmt: skip
        axes.set_title(
            f"{style.shift_words(shift)}\n\N{GREEK SMALL LETTER RHO} = {_found(correlations, shift)}",
            fontsize=style.SMALL_TEXT,
        )
        _wide_enough(axes, own)
    panels[0].set_ylabel("Accuracy lost\n(percentage points)")
    figure.supxlabel("AUROC of OoD detection on test images (%)", fontsize=7)
    figure.colorbar(shown, ax=list(panels), pad=0.01, aspect=25).set_label("Active genes (%)")
    return figure


def _found(correlations: pd.DataFrame, shift: str) -> str:
    row = correlations[(correlations["shift"] == shift) & (correlations["quantity"] == "test_auroc")].iloc[0]
    return style.interval_words(row["spearman"], row["low"], row["high"])


def _wide_enough(axes: Axes, own: pd.DataFrame) -> None:
    if np.ptp(own["lost"]) == 0:
        axes.set_ylim(100 * own["lost"].iloc[0] - 1, 100 * own["lost"].iloc[0] + 1)
