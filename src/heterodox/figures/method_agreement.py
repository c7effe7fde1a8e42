"""Whether methods of explanation find the same pairs of members diverse (Figure 9 of the paper)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style

COLUMNS = ["method", "first", "second", "normalised"]
AGREEMENT_COLUMNS = ["first", "second", "pairs", "images", "pearson", "low", "high"]
MARKS = [
    (style.BLACK, "D"),
    (style.ORANGE, "v"),
    (style.SKY, "^"),
    (style.GREEN, "s"),
    (style.VERMILLION, "o"),
    (style.PURPLE, "P"),
]
ROW_HEIGHT = 0.17  # inches


@style.theme()
def draw(pairs: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """Draw one row per pair of members, one mark per method; the first method orders the pairs.

    pairs, agreement: method_pairs.csv and method_agreement.csv. The title gives the mean correlation with its interval.
    """
    wide = pairs.pivot(index=["first", "second"], columns="method", values="normalised")
    methods = list(dict.fromkeys(pairs["method"]))
    wide = wide.sort_values(methods[0], kind="stable")
    figure = Figure(figsize=(style.COLUMN_WIDTH, ROW_HEIGHT * len(wide) + 1.3))
    axes = figure.subplots()
    for place, method in enumerate(methods):
        colour, marker = MARKS[place % len(MARKS)]
        axes.plot(
            wide[method], range(len(wide)), marker, color=colour, markersize=3.5, markerfacecolor="none",
            markeredgewidth=0.9, linestyle="", label=method_words(method), clip_on=False,
        )  # fmt: skip
    _label(axes, wide, agreement)
    figure.legend(loc="outside lower center", ncols=2, handletextpad=0.4)
    return figure


def _label(axes: Axes, wide: pd.DataFrame, agreement: pd.DataFrame) -> None:
    axes.set_yticks(range(len(wide)), [f"{style.shortened(a, 14)}, {style.shortened(b, 14)}" for a, b in wide.index])
    axes.set_ylim(-0.6, len(wide) - 0.4)
    axes.set_xlabel("Diversity of the pair, each method's range scaled to [0, 1]", loc="right")
    mean = agreement[agreement["first"].isna()].iloc[0]
    words = style.interval_words(*(float(mean[name]) for name in ("pearson", "low", "high")))
    title = f"Mean r between methods {words}\n{mean['pairs']:.0f} pairs, {mean['images']:,.0f} images"
    axes.set_title(title, loc="right", fontsize=style.SMALL_TEXT)


def method_words(method: str) -> str:
    """Return a method in words: `integrated_gradients-10` as `Integrated gradients, 10 steps`."""
    name, _, steps = method.partition("-")
    unit = "step" if steps == "1" else "steps"
    return style.words(name) + (f", {steps} {unit}" if steps else "")
