"""Where several members look on the same images (in the manner of Figure 11 of the paper)."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heterodox.figures import style


@dataclass(frozen=True)
class MemberMaps:
    """What one member says about the shown images: maps (n, H, W) >= 0, predicted classes (n,)."""

    member: str
    maps: np.ndarray
    predictions: np.ndarray


@style.theme()
def draw(images: np.ndarray, labels: np.ndarray, classes: list[str], members: list[MemberMaps]) -> Figure:
    """Draw a column per image: above the image with its class, below it each member's map and what it takes it for.

    images: uint8 (n, H, W, C), C = 1 or 3; labels: (n,); classes: names. Each map is scaled by its own maximum;
    brighter means that the member's decision depends more on the pixel. A wrong answer has a cross and a dashed frame.
    """
    side = (style.FULL_WIDTH - 0.3) / max(len(images), 4)
    figure, grid = style.picture_grid(1 + len(members), len(images), side, images.shape[1:3])
    for axes, image, label in zip(grid[0], images, labels, strict=True):
        style.draw_picture(axes, image, class_name(classes, label, 14))
    for row, member in zip(grid[1:], members, strict=True):
        for axes, values, prediction, label in zip(row, member.maps, member.predictions, labels, strict=True):
            _draw_map(axes, values, class_name(classes, prediction, 12), prediction == label)
    for axes, text in zip(grid[:, 0], ["image", *(member.member for member in members)], strict=True):
        axes.set_ylabel(style.shortened(text, 13), fontsize=style.SMALL_TEXT)
    return figure


def class_name(classes: list[str], label: int, characters: int) -> str:
    """Return the name of a class in at most so many characters, its number where it has no name."""
    return style.shortened(classes[label] if label < len(classes) else f"class {label}", characters)


def _draw_map(axes: Axes, values: np.ndarray, answer: str, right: bool) -> None:
    colour = style.BLUE if right else style.VERMILLION
    mark = "\N{CHECK MARK}" if right else "\N{BALLOT X}"
    axes.set_title(f"{mark} {answer}", fontsize=style.SMALL_TEXT, loc="center", pad=2.5, color=colour)
    frame_map(axes, values, right)


def frame_map(axes: Axes, values: np.ndarray, right: bool) -> None:
    """Show a map (H, W) >= 0 scaled by its maximum, in a solid frame for a right answer, a dashed one for a wrong."""
    colour = style.BLUE if right else style.VERMILLION
    axes.imshow(values, cmap="magma", vmin=0, vmax=float(values.max()) or 1.0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=1.2, linestyle="-" if right else (0, (3, 2)))
