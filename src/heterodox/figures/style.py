"""What all figures share: theme, sizes, colours, words for names, and files that come out the same every time."""

import logging
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from heterodox.storage.atomic import atomic_path

COLUMN_WIDTH, FULL_WIDTH = 3.4, 7.0  # inches, one and two columns of a paper
DOTS_PER_INCH = 300
SMALL_TEXT = 6.5  # points, at the size above: the smallest text of any figure

# Okabe and Ito: eight colours that stay apart under every common colour vision deficiency.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
CLASS_STYLES = {"CNN": (BLUE, "o"), "ViT": (VERMILLION, "s"), "NAS": (GREEN, "^")}
OTHER_CLASS_STYLE = (PURPLE, "D")
CONTINUOUS = "viridis"

THEME = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 7,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 7,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same shapes on every machine
    "font.size": 7,
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.fontsize": SMALL_TEXT,
    "legend.frameon": False,
    "lines.linewidth": 1,
    "pdf.fonttype": 42,
    "svg.hashsalt": "heterodox",  # otherwise the ids in an SVG are drawn at random
    "xtick.labelsize": SMALL_TEXT,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.5,
    "ytick.labelsize": SMALL_TEXT,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.5,
}
# Dates and versions would make each drawing another file.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def theme() -> Iterator[None]:
    """Set Matplotlib's defaults and THEME, no user's settings, for a `with` block or a decorated function."""
    settings: dict[Any, Any] = {**matplotlib.rcParamsDefault, **THEME}
    del settings["backend"]  # the screen's business
    with matplotlib.rc_context(settings):
        yield


def save(figure: Figure, base: Path) -> None:
    """Write `base`.svg, .png (300 dpi) and .pdf, each whole or not at all; the same figure gives the same bytes.

    `base` may also be one of the three files' own names.
    """
    base = Path(re.sub(r"\.(svg|png|pdf)$", "", str(base)))
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells every step of embedding a font
    with theme():
        figure.set_dpi(DOTS_PER_INCH)
        # The layout is found once and then kept: the three files agree, and so does a second call.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        # Figure.savefig would draw everything twice, to find a layout that is already there.
        writers: dict[str, Callable[..., Any]] = {
            "svg": FigureCanvasSVG(figure).print_svg,
            "png": FigureCanvasAgg(figure).print_png,
            "pdf": FigureCanvasPdf(figure).print_pdf,
        }
        for suffix, write in writers.items():
            with atomic_path(base.with_name(f"{base.name}.{suffix}")) as partial:
                figure.set_dpi(DOTS_PER_INCH)  # each canvas leaves its own behind
                write(partial, metadata=METADATA[suffix])


def words(name: str) -> str:
    """Return a name from a table in words: `mean_logit` as `Mean logit`."""
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def is_corruption(shift: str) -> bool:
    """Return whether a shift is named as a corruption with its severity, `lines-1.6`; others are natural or clean."""
    return re.fullmatch(r".+-\d+(\.\d+)?", shift) is not None


def shift_words(shift: str) -> str:
    """Return a shift in words: `water_drop-7.0` as `Water drop (7.0)`."""
    if not is_corruption(shift):
        return words(shift)
    name, severity = shift.rsplit("-", 1)
    return f"{words(name)} ({severity})"


def shortened(text: str, characters: int) -> str:
    """Return `text` with at most this many characters, the middle left out where it is longer."""
    if len(text) <= characters:
        return text
    head = characters // 2
    return f"{text[:head]}…{text[len(text) - (characters - 1 - head) :]}"


def wrapped(text: str, characters: int, lines: int = 2) -> str:
    """Return `text` broken into at most `lines` lines of at most this many characters, the rest left out."""
    return "\n".join(textwrap.wrap(text, characters, max_lines=lines, placeholder="…")) or text[:characters]


def count_words(count: float) -> str:
    """Return a count with its unit: 25 600 000 as `25.6M`, 412 345 as `412k`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * size:  # 999 999 is 1M, not 1e+03k
            return f"{count / size:.3g}{unit}"
    return f"{count:.0f}"


def interval_words(value: float, low: float, high: float) -> str:
    """Return a value with its interval, two digits: `0.42 [0.10, 0.66]`."""
    if not np.isfinite(value):
        return "not defined"
    interval = f" [{low:z.2f}, {high:z.2f}]" if np.isfinite([low, high]).all() else ""
    return f"{value:z.2f}{interval}".replace("-", "\N{MINUS SIGN}")


def picture_grid(count_down: int, count_across: int, side: float, shape: tuple[int, ...]) -> tuple[Figure, np.ndarray]:
    """Return a figure for pictures of (H, W) = `shape`, each `side` inches wide with a title above, and its axes."""
    height = (side - 0.05) * shape[0] / shape[1] + 0.2
    layout = ConstrainedLayoutEngine(w_pad=0.015, h_pad=0.015, wspace=0, hspace=0)
    figure = Figure(figsize=(side * count_across + 0.3, height * count_down + 0.05), layout=layout)
    grid = figure.subplots(count_down, count_across, squeeze=False)
    for axes in grid.flat:
        bare(axes)
    return figure, grid


def draw_picture(axes: Axes, image: np.ndarray, title: str, colour: str = BLACK) -> None:
    """Show an image, uint8 (H, W, 1 or 3), with a line above."""
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=SMALL_TEXT, loc="center", pad=2.5, color=colour)


def bare(axes: Axes) -> None:
    """Remove ticks, grid and frame: for pictures."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
