"""Small tables of an invented study, and how to look at what a figure shows."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from heterodox.figures import style, trend_panels

MEMBERS = ("resnet", "deit", "mnasnet", "swin")
SHIFTS = ("clean", "v2", "lines-1.6", "water_drop-7.0")


def members_table(members=MEMBERS, shifts=SHIFTS) -> pd.DataFrame:
    classes, approaches = ["CNN", "ViT", "NAS"], ["supervised", "self-supervised", "distilled"]
    rows = [
        {
            "member": member,
            "arch": "any",
            "class": classes[number % 3],
            "approach": approaches[number % 3],
            "parameters": 70_000 * (number + 1),
            "shift": shift,
            "top1": (top1 := 0.91 - 0.11 * place - 0.013 * number),
            "top5": top1 + 0.05,
            "images": 1000,
            "top1_low": top1 - 0.02,
            "top1_high": top1 + 0.02,
        }
        for number, member in enumerate(members)
        for place, shift in enumerate(shifts)
    ]
    return pd.DataFrame(rows)


def ensembles_table(members=MEMBERS, shifts=SHIFTS, consensus=("mean_logit",)) -> pd.DataFrame:
    generator = np.random.default_rng(7)
    rows = [
        {
            "pool": "architectures",
            "shift": shift,
            "consensus": kind,
            "k": 3,
            "ensemble": "+".join(names),
            "accuracy": generator.uniform(0.6, 0.9),
            "improvement": generator.normal(0, 0.01),
            "parameters": int(generator.integers(100_000, 900_000)),
            **{metric: generator.uniform(0.1, 0.4) for metric in trend_panels.METRICS},
        }
        for shift in shifts
        for kind in consensus
        for names in combinations(members, 3)
    ]
    return pd.DataFrame(rows)


def trends_table(ensembles: pd.DataFrame) -> pd.DataFrame:
    """Return the trends of complete ensembles: least squares by NumPy, an interval that is wide on purpose."""
    rows = []
    for (pool, shift, consensus), group in ensembles.groupby(["pool", "shift", "consensus"], sort=False):
        for metric in trend_panels.METRICS:
            known = group[[metric, "improvement"]].dropna()
            several = len(known) > 1 and known[metric].nunique() > 1 and known["improvement"].nunique() > 1
            slope = np.polyfit(known[metric], known["improvement"], 1)[0] if several else np.nan
            pearson = np.corrcoef(known[metric], known["improvement"])[0, 1] if several else np.nan
            names = {"pool": pool, "shift": shift, "consensus": consensus, "metric": metric, "n": len(known)}
            interval = (
                {"pearson_low": -1.0, "pearson_high": 1.0}
                if several
                else dict.fromkeys(("pearson_low", "pearson_high"), np.nan)
            )
            rows.append({**names, "slope": slope, "pearson": pearson, **interval})
    return pd.DataFrame(rows)


def shown_texts(figure: Figure) -> list[Text]:
    """Return the texts that are drawn: visible, not empty, and no tick label outside its axis."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text not in hidden]


def all_words(figure: Figure) -> str:
    with style.theme():
        figure.draw_without_rendering()  # tick labels are empty before
    return "\n".join(text.get_text() for text in shown_texts(figure))


def misplaced_texts(figure: Figure) -> list[str]:
    """Return the texts that overlap another one, reach beyond the figure, or are too small, at the final size."""
    with style.theme():
        figure.set_dpi(300)
        figure.draw_without_rendering()
        texts = shown_texts(figure)
        boxes = [text.get_window_extent() for text in texts]
    page = figure.bbox.padded(2)
    faults = [f"small: {text.get_text()}" for text in texts if text.get_fontsize() < style.SMALL_TEXT]
    faults += [
        f"outside: {text.get_text()}"
        for text, box in zip(texts, boxes, strict=True)
        if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1))
    ]
    pairs = combinations(zip(texts, boxes, strict=True), 2)
    return faults + [
        f"overlap: {one.get_text()} | {other.get_text()}"
        for (one, first), (other, second) in pairs
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 2
    ]
