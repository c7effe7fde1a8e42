"""Where a front's most frequent features look in images, beside all features and random ones: Grad-CAM."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from heterodox.figures import style
from heterodox.figures.saliency_maps import class_name

TITLES = {
    "all": "all features\n(unpruned network)",
    "top": "the {count} most frequent\nof the front",
    "random": "{count} features\nat random",
}


@style.theme()
def draw(
    images: np.ndarray,
    labels: np.ndarray,
    classes: list[str],
    maps: dict[str, np.ndarray],
    correlations: dict[str, np.ndarray],
    count: int,
) -> Figure:
    """Draw a column per image; below it a row per set of features, its map laid over the image.

    images: uint8 (n, H, W, C); labels (n,); maps: (n, h, w) by the names of TITLES, each image's brightest place is its
    own maximum; correlations: (n,) of each map but the first with the map of all features, NaN where one is constant;
    count: of chosen features.
    """
    figure, grid = style.picture_grid(len(maps) + 1, len(images), 0.95, images.shape[1:3])
    figure.set_size_inches(figure.get_figwidth() + 0.95, figure.get_figheight())
    for column, (image, label) in enumerate(zip(images, labels, strict=True)):
        style.draw_picture(grid[0, column], image, class_name(classes, label, 16))
    for row, (name, values) in enumerate(maps.items(), 1):
        for column, image in enumerate(images):
            _draw_over(grid[row, column], image, values[column], _correlation(correlations.get(name), column))
        title = TITLES[name].format(count=count)
        grid[row, 0].set_ylabel(title, fontsize=style.SMALL_TEXT, rotation=0, ha="right", va="center")
    grid[0, 0].set_ylabel("image", fontsize=style.SMALL_TEXT, rotation=0, ha="right", va="center")
    return figure


def _correlation(values: np.ndarray | None, column: int) -> str:
    if values is None:
        return ""
    return "no r" if np.isnan(values[column]) else f"r = {values[column]:.2f}"


def _draw_over(axes: Axes, image: np.ndarray, values: np.ndarray, title: str) -> None:
    height, width = image.shape[:2]
    largest = values.max() or 1.0
    scaled = Image.fromarray((values / largest).astype(np.float32))
    smooth = np.clip(np.asarray(scaled.resize((width, height), Image.Resampling.BILINEAR)), 0, 1)
    style.draw_picture(axes, image, title)
    axes.imshow(smooth, cmap="inferno", vmin=0, vmax=1, alpha=0.65)
