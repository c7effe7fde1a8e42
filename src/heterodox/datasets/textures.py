"""Rendered textures, none of which shows an object: filtered noise, gratings, checks, dots and rings.

Every image is a mix of two colours by a pattern, drawn from a stream of its own, so that an image is the same
wherever and in whatever order it is rendered. The set is the same for every study.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from heterodox.datasets.image_sets import ImageSet
from heterodox.streams import stream

SIDE = 28
COUNTS = {"train": 5000, "test": 2500}
SEED = 0  # the set's own, not a study's: its images are as fixed as those of a file


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train and test part, in colour, `data.crop` (default 28) pixels a side; classes are the patterns.

    The index is the image's place in its part. Images are rendered when they are read.
    """
    side = data.get("crop") or SIDE
    return {part: _part(part, count, side) for part, count in COUNTS.items()}


def _part(part: str, count: int, side: int) -> ImageSet:
    names = list(PATTERNS)

    def read(rows: np.ndarray) -> np.ndarray:
        return np.stack([render(names[row % len(names)], side, stream(SEED, "texture", part, row)) for row in rows])

    index = np.arange(count)
    return ImageSet(index % len(names), index, names, (side, side, 3), read)


def render(pattern: str, side: int, draw: np.random.Generator) -> np.ndarray:
    """Return one texture, uint8 (side, side, 3): a pattern in [0, 1] from a dark to a bright colour or the reverse."""
    dark, bright = draw.random(3) * 0.5, 0.5 + draw.random(3) * 0.5
    if draw.random() < 0.5:
        dark, bright = bright, dark
    mix = PATTERNS[pattern](side, draw)[..., None]
    return ((dark * (1 - mix) + bright * mix) * 255).round().astype(np.uint8)


def _noise(side: int, draw: np.random.Generator) -> np.ndarray:
    """White noise smoothed by a Gaussian of a width drawn per axis, stretched to the whole range."""
    widths = side * draw.uniform(0.01, 0.08, 2)
    return _stretched(gaussian_filter(draw.normal(size=(side, side)), widths, mode="wrap"))


def _gratings(side: int, draw: np.random.Generator) -> np.ndarray:
    """One or two sinusoidal gratings of any direction, 2 to 8 periods across the image."""
    rows, columns = _coordinates(side)
    total = np.zeros((side, side))
    for _ in range(draw.integers(1, 3)):
        angle, periods, phase = draw.uniform(0, np.pi), draw.uniform(2, 8), draw.uniform(0, 2 * np.pi)
        total += np.sin(2 * np.pi * periods * (np.cos(angle) * rows + np.sin(angle) * columns) + phase)
    return _stretched(total)


def _checks(side: int, draw: np.random.Generator) -> np.ndarray:
    """A turned chequerboard, 2 to 7 fields across the image."""
    rows, columns = _turned(side, draw)
    fields, (down, across) = draw.uniform(2, 7), draw.random(2)
    return ((np.floor(rows * fields + down) + np.floor(columns * fields + across)) % 2).astype(float)


def _dots(side: int, draw: np.random.Generator) -> np.ndarray:
    """A turned lattice of discs, 2 to 6 across the image, with radii of 0.2 to 0.45 of their distance."""
    rows, columns = _turned(side, draw)
    fields, (down, across) = draw.uniform(2, 6), draw.random(2)
    distance = np.hypot((rows * fields + down) % 1 - 0.5, (columns * fields + across) % 1 - 0.5)
    return (distance < draw.uniform(0.2, 0.45)).astype(float)


def _rings(side: int, draw: np.random.Generator) -> np.ndarray:
    """Rings around a point in or near the image, 3 to 9 across it."""
    rows, columns = _coordinates(side)
    down, across = draw.uniform(-0.2, 1.2, 2)
    return 0.5 + 0.5 * np.sin(2 * np.pi * draw.uniform(3, 9) * np.hypot(rows - down, columns - across))


PATTERNS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "checks": _checks,
    "dots": _dots,
    "gratings": _gratings,
    "noise": _noise,
    "rings": _rings,
}


def _coordinates(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (side, 1) and columns (1, side) of pixel centres, as shares of the image's side."""
    centres = (np.arange(side) + 0.5) / side
    return centres[:, None], centres[None, :]


def _turned(side: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = _coordinates(side)
    angle = draw.uniform(0, np.pi / 2)
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * rows - sine * columns, sine * rows + cosine * columns


def _stretched(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    return (values - low) / (high - low)
