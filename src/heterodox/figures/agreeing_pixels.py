"""Two members that agree on an image but see it by different pixels (Figure 2 of the paper)."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from heterodox.figures import style
from heterodox.figures.saliency_maps import MemberMaps, class_name

COVER = style.BLUE  # neither black nor white: pixels of either kind are seen when uncovered


@style.theme()
def draw(
    images: np.ndarray, labels: np.ndarray, classes: list[str], members: list[MemberMaps], cosines: np.ndarray
) -> Figure:
    """Draw a column per image: above the image with its class, below it as each member sees it.

    images: uint8 (n, H, W, C), C = 1 or 3; labels: (n,); classes: names; cosines: (n,), of the members' maps, in
    [0, 1]. See `uncovered` for what a member's picture shows.
    """
    side = (style.COLUMN_WIDTH - 0.3) / max(len(images), 3)
    figure, grid = style.picture_grid(1 + len(members), len(images), side, images.shape[1:3])
    for axes, image, label in zip(grid[0], images, labels, strict=True):
        style.draw_picture(axes, image, class_name(classes, label, 12))
    for row, member in zip(grid[1:], members, strict=True):
        for axes, image, values in zip(row, images, member.maps, strict=True):
            axes.imshow(uncovered(image, values))
    for axes, cosine in zip(grid[-1], cosines, strict=True):
        axes.set_xlabel(f"cosine {cosine:.2f}", fontsize=style.SMALL_TEXT, labelpad=2)
    for axes, text in zip(grid[:, 0], ["image", *(member.member for member in members)], strict=True):
        axes.set_ylabel(style.shortened(text, 13), fontsize=style.SMALL_TEXT)
    return figure


def uncovered(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the image (H, W, 1 or 3) uint8 under a cover that opens where `values` (H, W) >= 0 are high: (H, W, 3).

    The tenth of the pixels with the highest values lies open, the others in proportion to their values.
    """
    full = np.quantile(values, 0.9) or values.max() or 1.0  # few values above zero: the highest one lies open
    opening = np.clip(values / full, 0, 1)[..., None]
    return opening * (image / 255) + (1 - opening) * np.array(to_rgb(COVER))
