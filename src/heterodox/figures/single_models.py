"""Every member's accuracy on clean and on shifted images, with its class, approach and size (Table 1 of the paper)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["member", "class", "approach", "parameters", "shift", "top1", "top5"]
# Column: where it stands (share of the panel), how many characters it may have.
TEXTS = {"member": (0.0, 18), "class": (0.37, 6), "approach": (0.495, 18), "parameters": (1.0, 8)}
ROW_HEIGHT = 0.19  # inches


@style.theme()
def draw(members: pd.DataFrame, shift: str | None = None) -> Figure:
    """Draw one row per member, the most accurate on the shift first: its description, top-1 and top-5 in %.

    members: the table members.csv; shift: the one drawn beside `clean`, None draws clean alone. The top-5 panel is
    left out where no member has a value. Raises UserError where the table lacks the shift.
    """
    table = _side_by_side(members, shift)
    measures = [name for name in ("top1", "top5") if table[f"{name} clean"].notna().any()]
    figure = Figure(figsize=(style.FULL_WIDTH, ROW_HEIGHT * len(table) + 0.75))
    panels = figure.subplots(1, 1 + len(measures), width_ratios=[1.4, *[1] * len(measures)])
    _write_descriptions(panels[0], table)
    for axes, name in zip(panels[1:], measures, strict=True):
        _draw_accuracies(axes, table, name, shift)
        axes.set_xlabel(f"Top-{name[-1]} accuracy (%)")
    figure.legend(handles=_legend(table, shift), loc="outside lower center", ncols=6, handletextpad=0.4)
    return figure


def _side_by_side(members: pd.DataFrame, shift: str | None) -> pd.DataFrame:
    shifts = ["clean"] if shift is None else ["clean", shift]
    for name in shifts:
        if name not in set(members["shift"]):
            raise UserError(f"members.csv: has no rows for the shift '{name}'; run the pipeline for it")
    table = members.drop_duplicates("member").set_index("member")[["class", "approach", "parameters"]]
    table[["class", "approach"]] = table[["class", "approach"]].astype(object).fillna("-")
    for name in shifts:
        values = members[members["shift"] == name].set_index("member")[["top1", "top5"]] * 100
        table = table.join(values.add_suffix(f" {name}"))
    return table.sort_values(f"top1 {shifts[-1]}", kind="stable").reset_index()


def _frame(axes: Axes, count: int) -> None:
    axes.set_ylim(-0.6, count - 0.4)
    axes.set_yticks([])
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    for row in range(0, count, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="0.96", linewidth=0, zorder=0)


def _write_descriptions(axes: Axes, table: pd.DataFrame) -> None:
    style.bare(axes)
    axes.set_xlim(0, 1)
    _frame(axes, len(table))
    for column, (place, characters) in TEXTS.items():
        side = "right" if column == "parameters" else "left"
        axes.text(place, len(table) - 0.3, style.words(column), ha=side, va="bottom", weight="bold")
        for row, value in enumerate(table[column]):
            text = style.count_words(value) if column == "parameters" else style.shortened(value, characters)
            axes.text(place, row, text, ha=side, va="center", fontsize=style.SMALL_TEXT)


def _draw_accuracies(axes: Axes, table: pd.DataFrame, name: str, shift: str | None) -> None:
    _frame(axes, len(table))
    for row, values in table.iterrows():
        colour, marker = _style(values["class"])
        ends = [values[f"{name} clean"]] if shift is None else [values[f"{name} clean"], values[f"{name} {shift}"]]
        axes.plot(ends, [row] * len(ends), color="0.7", linewidth=1, zorder=1)
        for value, face in zip(ends, (colour, "white"), strict=False):
            axes.plot(value, row, marker, color=colour, markerfacecolor=face, markersize=4)
        _write_values(axes, row, ends)
    axes.margins(x=0.2)


def _write_values(axes: Axes, row: int, ends: list[float]) -> None:
    """Write the larger value to the right of its marker and the smaller one to the left."""
    for value, side, offset in zip(sorted(ends, reverse=True), ("left", "right"), (4, -4), strict=False):
        if pd.notna(value):
            axes.annotate(
                f"{value:.1f}",
                (value, row),
                (offset, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=style.SMALL_TEXT,
            )


def _legend(table: pd.DataFrame, shift: str | None) -> list[Line2D]:
    handles = [_handle(style.words(name), *_style(name)) for name in dict.fromkeys(sorted(table["class"]))]
    if shift is not None:
        handles += [
            _handle("Clean", "0.3", "o"),
            _handle(style.shift_words(shift), "0.3", "o", face="white"),
        ]
    return handles


def _style(name: str) -> tuple[str, str]:
    return style.CLASS_STYLES.get(name, style.OTHER_CLASS_STYLE)


def _handle(label: str, colour: str, marker: str, face: str | None = None) -> Line2D:
    face = face or colour
    return Line2D([], [], linestyle="", color=colour, marker=marker, markerfacecolor=face, markersize=4, label=label)
