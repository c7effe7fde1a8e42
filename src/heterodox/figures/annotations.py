"""Five ways to say on a picture what matters: boxes, arrows, labelled arrows, a heat map, words.

All coordinates are pixels from the picture's upper left corner, so the middle of its first pixel is (0.5, 0.5).
"""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.textpath import text_to_path

from heterodox.explain.arrows import Arrow, Box, Layout
from heterodox.figures import style

HEAT = "inferno"  # grows steadily in lightness: readable in grey and with any colour vision
MARK, CASING = style.VERMILLION, "white"
LINE_HEIGHT, PADDING = 1.3, 0.5  # of the size of the text; the latter left and right of it


def label_sizes(texts: Sequence[str], text_points: float, pixels_per_inch: float) -> np.ndarray:
    """Return widths and heights (n, 2) of labels with their margins, in pixels of the picture.

    text_points: size of the text; pixels_per_inch: how many of the picture's pixels one inch of the figure shows.
    """
    font = FontProperties(family=str(style.THEME["font.family"]), size=text_points)
    widths = [text_to_path.get_text_width_height_descent(text, font, False)[0] for text in texts]
    inches = np.array([[width + 2 * PADDING * text_points, LINE_HEIGHT * text_points] for width in widths]) / 72
    return inches.reshape(-1, 2) * pixels_per_inch


def show_image(axes: Axes, image: np.ndarray, canvas: Box | None = None) -> None:
    """Show an image, uint8 (H, W, 1 or 3), on a canvas that may be larger than it."""
    height, width = image.shape[:2]
    left, top, right, bottom = canvas or Box(0, 0, width, height)
    axes.imshow(
        image.squeeze(-1) if image.shape[-1] == 1 else image,
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(0, width, height, 0),
        interpolation="antialiased",
    )
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    style.bare(axes)


def draw_boxes(axes: Axes, boxes: Sequence[Box], points: float = 1.2) -> None:
    """Draw a frame around each region, `points` thick."""
    for left, top, right, bottom in boxes:
        frame = Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=MARK, linewidth=points)
        frame.set_path_effects([patheffects.withStroke(linewidth=points + 1.4, foreground=CASING)])
        axes.add_patch(frame)


def draw_arrows(axes: Axes, layout: Layout, points: float = 1.2) -> None:
    """Draw the arrows without their labels."""
    for arrow in layout.arrows:
        _draw_arrow(axes, arrow, points)


def draw_labelled_arrows(axes: Axes, layout: Layout, text_points: float, points: float = 1.2) -> None:
    """Draw the arrows with their labels, which were laid out for text of this size."""
    draw_arrows(axes, layout, points)
    for arrow in layout.arrows:
        left, top, right, bottom = arrow.label
        plate = Rectangle((left, top), right - left, bottom - top, alpha=0.92, zorder=3)
        plate.set(facecolor=CASING, edgecolor=MARK, linewidth=0.5)
        axes.add_patch(plate)
        axes.text(
            (left + right) / 2, (top + bottom) / 2, arrow.text, fontsize=text_points, ha="center", va="center", zorder=4
        )


def _draw_arrow(axes: Axes, arrow: Arrow, points: float) -> None:
    # A filled shape without an edge ends exactly at its tip.
    sizes = f"head_length={3.5 * points + 2:.3f},head_width={3 * points + 2:.3f},tail_width={points:.3f}"
    shape = FancyArrowPatch(
        arrow.tail,
        arrow.tip,
        arrowstyle=f"simple,{sizes}",
        mutation_scale=1,
        facecolor=MARK,
        linewidth=0,
        shrinkA=0,
        shrinkB=0,
    )
    shape.set_path_effects([patheffects.Stroke(linewidth=1.6, foreground=CASING), patheffects.Normal()])
    axes.add_patch(shape)


def heated(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return a grey image under the colours of a map, uint8 (H, W, 3).

    image: uint8 (H, W, 1 or 3); heat: (H, W) in [0, 1], what is below 0 counts as 0.
    """
    heat = np.clip(heat, 0, 1)[..., None]
    grey = image.astype(float).mean(-1, keepdims=True) * 0.75 + 32
    colour = colormaps[HEAT](heat[..., 0])[..., :3] * 255
    share = 0.12 + 0.6 * heat**0.7
    return np.round(grey * (1 - share) + colour * share).astype(np.uint8)


@style.theme()
def picture(
    image: np.ndarray,
    side_inches: float,
    canvas: Box | None = None,
    layout: Layout | None = None,
    boxes: Sequence[Box] = (),
    heat: np.ndarray | None = None,
    text_points: float | None = None,
) -> np.ndarray:
    """Return one picture without anything around it, uint8 (height, width, 3), a pixel for each of the image's.

    side_inches: how wide the image is, which scales lines and text; canvas: what is shown, white beyond the image;
    layout: arrows, with their labels where `text_points` is given; boxes and heat as above.
    """
    height, width = image.shape[:2]
    whole = Box(0, 0, width, height)
    canvas = canvas or whole
    if canvas == whole and layout is None and not boxes and heat is None:
        return image if image.shape[-1] == 3 else image.repeat(3, -1)  # nothing to draw
    inches = side_inches / width
    size = (round(canvas.right - canvas.left) * inches, round(canvas.bottom - canvas.top) * inches)
    figure = Figure(figsize=size, dpi=1 / inches)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    show_image(axes, image if heat is None else heated(image, heat), canvas)
    draw_boxes(axes, boxes, 2.0)
    if layout and text_points:
        draw_labelled_arrows(axes, layout, text_points, 1.8)
    elif layout:
        draw_arrows(axes, layout, 1.8)
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    return np.asarray(drawn.buffer_rgba())[..., :3].copy()
