"""What figures of cell searches share: names of searches, axes of both objectives, cells as points."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heterodox.figures import style

SEARCHES = {
    "regulariser": "Regulariser, random cells",
    "single": "Single-objective (accuracy)",
    "multi": "Multi-objective",
    "multi_regulariser": "Multi-objective, front regularised",
    "random": "Random search",
}
COLOURS = {"accuracy": style.BLUE, "introspectability": style.GREEN}
LABELS = {"accuracy": "Validation accuracy (%)", "introspectability": "Introspectability"}
FACTORS = {"accuracy": 100.0, "introspectability": 1.0}


def search_words(search: str) -> str:
    """Return the name of a search as a title."""
    return SEARCHES.get(search, style.words(search))


def label_axes(axes: Axes, left: bool = True, below: bool = True) -> None:
    """Name the axes of a panel with introspectability to the right and accuracy upwards."""
    axes.set_xlabel(LABELS["introspectability"] if below else "")
    axes.set_ylabel(LABELS["accuracy"] if left else "")


def set_limits(axes: Axes, cells: pd.DataFrame) -> None:
    """Let a panel hold all cells with some air around them, the same for every panel of one table."""
    for column, factor, setter in (
        ("introspectability", 1.0, axes.set_xlim),
        ("accuracy", 100.0, axes.set_ylim),
    ):
        values = cells[column].dropna().to_numpy() * factor
        low, high = (values.min(), values.max()) if len(values) else (0.0, factor)
        air = 0.06 * (high - low) or 0.05 * factor
        setter(low - air, high + air)


def draw_steps(axes: Axes, front: pd.DataFrame, reference: tuple[float, float]) -> None:
    """Shade what a front dominates above `reference` (introspectability, accuracy) and draw its edge.

    front: cells with `accuracy` and `introspectability`; those not above the reference are left out.
    """
    known = front[(front["introspectability"] > reference[0]) & (front["accuracy"] > reference[1])]
    known = known.sort_values("introspectability", kind="stable")
    right = np.concatenate([[reference[0]], known["introspectability"]])
    height = np.concatenate([known["accuracy"], known["accuracy"][-1:]]) * 100
    if len(known):
        axes.fill_between(right, height, reference[1] * 100, step="post", color=style.SKY, alpha=0.25, linewidth=0)
        axes.step(right, height, where="post", color=style.BLUE, linewidth=0.8)
