"""What people are shown in the user studies: the picture of an image under each condition."""

from typing import Any

import numpy as np
from scipy import ndimage

from heterodox.explain.arrows import Box, Layout, lay_out
from heterodox.explain.marks import described
from heterodox.figures import annotations
from heterodox.user_study.images import Shown

SIDE_INCHES, TEXT_POINTS, GAP = 4.0, 11.0, 0.01  # the last as a share of the image's width
NO_PICTURE = ("control", "words")  # conditions without marks in the picture


def layout_of(shown: Shown, side_inches: float = SIDE_INCHES, text_points: float = TEXT_POINTS) -> Layout:
    """Return where the labels of an image's marks go, for text of this size on an image so wide."""
    texts, width = [mark.text for mark in shown.marks], shown.image.shape[1]
    sizes = annotations.label_sizes(texts, text_points, width / side_inches)
    return lay_out(texts, np.array([mark.point for mark in shown.marks]), sizes, shown.bird, GAP * width)


def enlarged(heat: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a map (h, w) at another size (H, W), bilinear between the middles of its pixels."""
    factors = [new / old for new, old in zip(shape, heat.shape, strict=True)]
    return ndimage.zoom(heat, factors, order=1, mode="nearest", grid_mode=True)


def plain_and_annotated(shown: Shown, condition: str) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Return the plain picture, the annotated one (None for a condition without marks), and the words (or nothing).

    Both pictures show the same canvas. `condition` is a type of annotation, `control`, or the name of a map of
    `shown.heat`.
    """
    words = described([mark.text for mark in shown.marks]) if condition == "words" else ""
    canvas: Box | None = None
    arguments: dict[str, Any] = {}
    if condition in ("arrows", "labelled_arrows"):
        layout = layout_of(shown)
        canvas, arguments = layout.canvas, {"layout": layout}
        arguments |= {"text_points": TEXT_POINTS} if condition == "labelled_arrows" else {}
    elif condition == "boxes":
        arguments = {"boxes": [mark.box for mark in shown.marks]}
    elif condition not in NO_PICTURE:
        arguments = {"heat": enlarged(shown.heat[condition], shown.image.shape[:2])}
    plain = annotations.picture(shown.image, SIDE_INCHES, canvas)
    if not arguments:
        return plain, None, words
    return plain, annotations.picture(shown.image, SIDE_INCHES, canvas, **arguments), words
