"""Pictures under the brush: a batch of images and the coordinates of their pixels."""

import numpy as np

from heterodox.datasets.birds.shapes import Array, Number, Plane, coverage


def column(values: Array) -> Array:
    """Return numbers (n,) as float32 (n, 1, 1), to be combined with every pixel."""
    return np.asarray(values, np.float32)[:, None, None]


class Canvas:
    """`pixels` float32 (n, 3, H, W) in 0..255, painted over layer by layer; `plane` (H, W) in pixels, y downwards."""

    def __init__(self, count: int, size: int) -> None:
        self.size = size
        self.pixels = np.empty((count, 3, size, size), np.float32)
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        self.plane = Plane(columns[None], rows[None])

    def lay(self, cover: Array, colour: Array) -> None:
        """Paint with `colour` (n, 3), (n, 3, H, W) or (3,); `cover` (n, H, W) says how much of it a pixel takes."""
        if colour.ndim == 1:
            colour = colour[None]
        if colour.ndim == 2:
            colour = colour[:, :, None, None]
        difference = colour - self.pixels
        difference *= cover[:, None]
        self.pixels += difference

    def lay_shape(self, distance: Array, colour: Array, scale: Number = 1.0, opacity: Number = 1.0) -> Array:
        """Paint a shape whose `distance` is in units of `scale` pixels; return the share of each pixel it covers."""
        cover = coverage(distance, scale)
        self.lay(cover * opacity, colour)
        return cover

    def finished(self) -> Array:
        """Return the images, uint8 (n, H, W, 3)."""
        return np.clip(self.pixels + 0.5, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
