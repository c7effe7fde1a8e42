"""What the corruptions do to an image as their severity grows (in the manner of ImageNet-C-bar's examples)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from heterodox.figures import style


@style.theme()
def draw(clean: np.ndarray, corrupted: Mapping[str, Mapping[float, np.ndarray]]) -> Figure:
    """Draw a row per corruption: the clean image, then the corrupted ones with their severity above.

    clean and every corrupted image: uint8 (H, W, C), C = 1 or 3; corrupted: by corruption, then by severity.
    """
    columns = 1 + max(len(images) for images in corrupted.values())
    side = min(1.2, (style.FULL_WIDTH - 0.3) / columns)
    figure, grid = style.picture_grid(len(corrupted), columns, side, clean.shape)
    for row, (name, images) in zip(grid, corrupted.items(), strict=True):
        pictures = [("clean", clean), *((f"{severity:g}", images[severity]) for severity in sorted(images))]
        for axes, (title, image) in zip(row, pictures, strict=False):
            style.draw_picture(axes, image, title)
        row[0].set_ylabel(style.shortened(style.words(name), 13), fontsize=style.SMALL_TEXT)
    return figure
