"""Accuracy of teams by the heuristic that enforced their diversity, on every shift (Figure 10 of the paper)."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from heterodox.errors import UserError
from heterodox.figures import style

COLUMNS = ["heuristic", "penalty_consensus", "lambda", "shift", "consensus", "seeds"]
COLUMNS += ["accuracy", "accuracy_low", "accuracy_high", "mean_member_accuracy"]
LABELS = {
    "independent": "Independent",
    "gncl_mean_logit": "GNCL, mean logit\n= geometric mean",
    "gncl_mean_probability": "GNCL, mean\nprobability",
    "gncl_median_logit": "GNCL, median logit",
    "gncl_majority_vote": "GNCL, majority vote",
    "masked_gncl": "GNCL, masked",
    "balanced": "Balanced",
    "attribution": "Attribution",
}
Key = tuple[str, float | None]
BAR = 0.36  # of the height that a heuristic has


@style.theme()
def draw(heuristics: pd.DataFrame, teams: pd.DataFrame) -> Figure:
    """Draw one panel per shift, one group of bars per heuristic: mean logit, and the consensus it was trained with.

    heuristics: the table heuristics.csv; teams: teams.csv with the column `heuristic`, each seed a dot. Diamonds are
    mean accuracies of the members. Every shift has its own axis, which does not start at zero.
    """
    if heuristics.empty:
        raise UserError("figure: heuristics.csv has no rows for these teams; correct figures.heuristics.teams")
    keys = _keys(heuristics)
    shifts = list(dict.fromkeys(heuristics["shift"]))
    width = max(style.FULL_WIDTH, 1.4 + 1.1 * len(shifts))
    figure = Figure(figsize=(width, 0.33 * len(keys) + 1.15))
    panels = figure.subplots(1, len(shifts), sharey=True, squeeze=False)[0]
    for axes, shift in zip(panels, shifts, strict=True):
        _draw_panel(axes, heuristics[heuristics["shift"] == shift], teams[teams["shift"] == shift], keys)
        axes.set_title(style.wrapped(style.shift_words(shift), 14))
    panels[0].set_yticks(range(len(keys)), [_label(key, keys) for key in keys])
    panels[0].set_ylim(len(keys) - 0.45, -0.55)
    figure.supxlabel(f"Top-1 accuracy (%), {_seed_words(heuristics)}", fontsize=7)
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4, handletextpad=0.4)
    return figure


def _keys(heuristics: pd.DataFrame) -> list[Key]:
    """Return (heuristic, lambda) in the paper's order; a lambda that a loss has not is None."""
    order = {name: place for place, name in enumerate(LABELS)}
    found: set[Key] = {
        (h, None if pd.isna(v) else v) for h, v in zip(heuristics["heuristic"], heuristics["lambda"], strict=True)
    }
    return sorted(found, key=lambda key: (order.get(key[0], len(order)), key[0], key[1] or 0))


def _label(key: Key, keys: list[Key]) -> str:
    name = LABELS.get(key[0], style.wrapped(style.words(key[0]), 20))
    several = sum(other[0] == key[0] for other in keys) > 1
    return f"{name} (λ {key[1]:g})" if several and key[1] is not None else name


def _draw_panel(axes: Axes, rows: pd.DataFrame, teams: pd.DataFrame, keys: list[Key]) -> None:
    shown: list[float] = []
    for place, (name, strength) in enumerate(keys):
        own, seeds = (_of(table, name, strength) for table in (rows, teams))
        trained = own["penalty_consensus"].dropna().unique()
        kinds = [kind for kind in dict.fromkeys(["mean_logit", *trained]) if kind in set(own["consensus"])]
        for number, kind in enumerate(kinds):
            at = place + (number - 0.5) * BAR if len(kinds) > 1 else place
            shown += _draw_bar(axes, at, own[own["consensus"] == kind].iloc[0], seeds[seeds["consensus"] == kind], kind)
        members = own["mean_member_accuracy"].iloc[0] * 100
        axes.plot(members, place, "D", color="white", markeredgecolor=style.BLACK, markersize=3.5, zorder=4)
        shown.append(members)
    margin = max(0.5, 0.12 * np.ptp(shown))
    axes.set_xlim(max(0, min(shown) - margin), min(100, max(shown) + margin))
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.grid(False, axis="y")


def _of(table: pd.DataFrame, name: str, strength: float | None) -> pd.DataFrame:
    same = table["lambda"].isna() if strength is None else table["lambda"] == strength
    return table[(table["heuristic"] == name) & same]


def _draw_bar(axes: Axes, place: float, row: pd.Series, seeds: pd.DataFrame, kind: str) -> list[float]:
    """Draw one bar with its interval and a dot per seed; return the accuracies in %."""
    colour = style.SKY if kind == "mean_logit" else style.ORANGE
    value = row["accuracy"] * 100
    axes.barh(place, value, BAR * 0.95, color=colour)
    if np.isfinite(row["accuracy_low"]):
        errors = [[value - row["accuracy_low"] * 100], [row["accuracy_high"] * 100 - value]]
        axes.errorbar(value, place, xerr=errors, color=style.BLACK, linewidth=0.8, capsize=2)
    dots = seeds["accuracy"] * 100
    axes.plot(dots, [place] * len(dots), ".", color=style.BLACK, markersize=3, zorder=3)
    return [value, *dots]


def _seed_words(heuristics: pd.DataFrame) -> str:
    counts = sorted(set(heuristics["seeds"]))
    seeds = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    return f"mean of {seeds} seeds with 95 % interval; axes do not start at 0" if counts[-1] > 1 else "one seed"


def _legend() -> list[Artist]:
    bars = [
        Patch(color=colour, label=label)
        for colour, label in ((style.SKY, "Scored by mean logit"), (style.ORANGE, "Scored as trained"))
    ]
    diamond = Line2D(
        [], [], marker="D", color="white", markeredgecolor=style.BLACK, markersize=3.5, label="Members, mean"
    )
    return [*bars, diamond, Line2D([], [], marker=".", linestyle="", color=style.BLACK, label="One seed")]
