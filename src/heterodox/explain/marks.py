"""From the map of an attribute to a mark that people read: a point, a box and a few words. No networks, no torch.

Points and boxes are in pixels from the image's upper left corner, so the middle of its first pixel is (0.5, 0.5); the
maps' own coordinates (metrics.localisation) have that pixel's middle at (0, 0).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from heterodox.explain.arrows import Box
from heterodox.metrics.localisation import THRESHOLD, centres_of_mass

PRESENT, ABSENT = "present", "absent"
VOWELS = "aeiou"


class Mark(NamedTuple):
    """What is said of one attribute, where it is, and the region it lies in."""

    text: str
    point: tuple[float, float]
    box: Box

    def resized(self, factor: float) -> "Mark":
        """Return the mark on an image whose sides are `factor` times as long."""
        return Mark(self.text, (self.point[0] * factor, self.point[1] * factor), Box(*(factor * at for at in self.box)))


def label_of(attribute: str, value: str) -> str | None:
    """Return the words for a value: `long bill`; `crest` for one that is present, None for one that is absent.

    A value that names the attribute itself stands alone: `wing bar`, not `wing bar wing`.
    """
    attribute, value = (_plain(name) for name in (attribute, value))
    if value == ABSENT:
        return None
    if value == PRESENT:
        return attribute
    return value if attribute in value.split() else f"{value} {attribute}"


def _plain(name: str) -> str:
    """Return a name in small letters without what CUB's names begin with and end in: `has_bill_shape`, `(up)`."""
    text = name.replace("_", " ").replace("-", " ").partition("(")[0].strip().lower()
    return text.removeprefix("has ")


def described(labels: Sequence[str]) -> str:
    """Return the labels as a sentence: `It has a long bill, a striped wing and a crest.`"""
    parts = [f"{'an' if label[:1] in VOWELS else 'a'} {label}" for label in labels]
    if not parts:
        return "It has no marks."
    return f"It has {', '.join(parts[:-1])} and {parts[-1]}." if parts[1:] else f"It has {parts[0]}."


def mark_of_map(text: str, heat: np.ndarray, threshold: float = THRESHOLD) -> Mark:
    """Return the mark for a scaled map, (H, W) in [0, 1]: its centre of mass and the box around its strongest region.

    The region is what is connected, by edges or corners, to the largest value above the threshold. A map of zeros has
    the image's centre and the whole image.
    """
    height, width = heat.shape
    x, y = centres_of_mass(heat).points
    point = (float(np.clip(x + 0.5, 0, width)), float(np.clip(y + 0.5, 0, height)))
    regions, _ = ndimage.label(heat > threshold, structure=np.ones((3, 3)))
    number = regions[np.unravel_index(np.argmax(heat), heat.shape)]
    return Mark(text, point, box_of_mask(regions == number) if number else Box(0, 0, width, height))


def box_of_mask(mask: np.ndarray) -> Box:
    """Return the box around a mask, bool (H, W), which must not be empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def mark_of_part(text: str, mask: np.ndarray, key_point: np.ndarray) -> Mark | None:
    """Return the mark that a person made: the key point, or the mask's centre without one, and the mask's box.

    mask: bool (H, W); key_point: (x, y), may be NaN. None where the mask is empty.
    """
    if not mask.any():
        return None
    x, y = key_point if np.isfinite(key_point).all() else centres_of_mass(mask).points
    return Mark(text, (float(x) + 0.5, float(y) + 0.5), box_of_mask(mask))
