"""How one network fares on every shift (Figure 4 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["member", "shift", "images", "top1", "top1_low", "top1_high"]


@style.theme()
def draw(members: pd.DataFrame, member: str) -> Figure:
    """Draw the member's top-1 accuracy in %, one bar per shift in the table's order, with the table's interval.

    members: the table members.csv. Bars of corruptions are hatched. Raises UserError where the table lacks the member.
    """
    rows = members[members["member"] == member]
    if rows.empty:
        raise UserError(
            f"figures.baseline_by_shift.member: members.csv has no member '{member}'; name one of the config"
        )
    figure = Figure(figsize=(style.COLUMN_WIDTH, 0.24 * len(rows) + 0.7))
    axes = figure.subplots()
    accuracy, corrupted = rows["top1"] * 100, rows["shift"].map(style.is_corruption)
    bars = axes.barh(
        [style.shortened(style.shift_words(shift), 24) for shift in rows["shift"]],
        accuracy,
        xerr=[accuracy - rows["top1_low"] * 100, rows["top1_high"] * 100 - accuracy],
        color=[style.ORANGE if bad else style.SKY for bad in corrupted],
        error_kw={"elinewidth": 0.8, "capsize": 2, "capthick": 0.8},
        height=0.7,
    )
    for bar, bad in zip(bars, corrupted, strict=True):
        bar.set(hatch="////" if bad else None, edgecolor="white", linewidth=0)
    for place, (value, high) in enumerate(zip(accuracy, rows["top1_high"] * 100, strict=True)):
        axes.annotate(
            f"{value:.1f}", (high, place), (3, 0), textcoords="offset points", va="center", fontsize=style.SMALL_TEXT
        )
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set(xlim=(0, 100), xticks=range(0, 101, 20))
    # Below the whole figure: under the bars alone a long name would not fit.
    figure.supxlabel(f"Top-1 accuracy of {style.shortened(member, 24)} (%)\n{_count(rows)}", fontsize=7)
    return figure


def _count(rows: pd.DataFrame) -> str:
    counts = sorted(set(rows["images"]))
    return f"{' to '.join(f'{count:,}' for count in {counts[0]: 0, counts[-1]: 0})} images per shift, 95 % intervals"
