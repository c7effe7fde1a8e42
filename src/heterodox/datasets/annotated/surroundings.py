"""What an image shows beside its object: measured from the pixels, so that a leak anywhere before them is seen."""

import numpy as np
from scipy.ndimage import binary_dilation

from heterodox.storage.annotations import AnnotatedFile

CORNERS = ("upper_left", "upper_right", "lower_left", "lower_right")
SHARE = 4  # a corner is a fourth of the sides
MARGIN = 2  # pixels about a part that its edge may still colour
BATCH = 256


def surroundings(images: AnnotatedFile) -> dict[str, np.ndarray]:
    """Return measurements of each image, (N,) by name: brightness of each corner, where the object is and how large.

    `brightness_{corner}` is the mean over the corner's pixels that lie more than two pixels from every part, NaN where
    there are none; `parts_x` and `parts_y` are the middle of the box around all parts of the body's, in shares of the
    sides, from the part named `body` where there is one.
    """
    starts = range(0, len(images), BATCH)
    found = [_measured(images, start, min(start + BATCH, len(images))) for start in starts]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]} if found else {}


def _measured(images: AnnotatedFile, start: int, stop: int) -> dict[str, np.ndarray]:
    pixels = images.images(start, stop).astype(np.float64).mean(3)
    covered = np.zeros(pixels.shape, bool)
    for part in images.parts:
        covered |= images.masks(part, start, stop)
    near = np.stack([binary_dilation(mask, iterations=MARGIN) for mask in covered])
    free = np.where(near, np.nan, pixels)
    height, width = (side // SHARE for side in pixels.shape[1:])
    boxes = ((slice(height), slice(width)), (slice(height), slice(-width, None)),
             (slice(-height, None), slice(width)), (slice(-height, None), slice(-width, None)))  # fmt: skip
    measured = {
        f"brightness_{corner}": _mean(free[:, rows, columns])
        for corner, (rows, columns) in zip(CORNERS, boxes, strict=True)
    }
    if "body" in images.parts:
        x, y = _middle(images.masks("body", start, stop))
        measured |= {"body_x": x, "body_y": y}
    return measured


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each image's numbers, NaN where it has none."""
    known = np.isfinite(values)
    count = known.sum((1, 2))
    total = np.where(known, values, 0).sum((1, 2))
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def _middle(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre of mass (x, y) of each mask in shares of the sides, NaN of an empty one."""
    count = masks.sum((1, 2))
    middle = []
    for axis, side in ((1, masks.shape[2]), (2, masks.shape[1])):
        total = (masks.sum(axis) * (np.arange(side) + 0.5) / side).sum(1)
        middle.append(np.divide(total, count, out=np.full(len(masks), np.nan), where=count > 0))
    return middle[0], middle[1]
