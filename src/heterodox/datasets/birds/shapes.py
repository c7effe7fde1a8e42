"""Outlines as signed distances: negative inside, positive outside, in the unit of the coordinates.

A distance gives anti-aliased edges at any size without drawing anything more than once: a pixel whose centre lies d
pixels outside an edge is covered to 0.5 - d, cut to 0..1. Arrays broadcast: coordinates (n, H, W), numbers (n, 1, 1).
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray
Number = np.ndarray | np.floating | float


class Plane(NamedTuple):
    """Coordinates of every pixel in a frame: `x` to its front, `y` to its top."""

    x: Array
    y: Array

    def moved(self, x: Number, y: Number) -> "Plane":
        """Return the coordinates in a frame whose origin lies at (x, y)."""
        return Plane(self.x - x, self.y - y)

    def turned(self, angle: Number) -> "Plane":
        """Return the coordinates in a frame turned by `angle` (radians, from x to y)."""
        cosine, sine = (np.asarray(function(angle), np.float32) for function in (np.cos, np.sin))
        return Plane(self.x * cosine + self.y * sine, self.y * cosine - self.x * sine)


def circle(plane: Plane, radius: Number) -> Array:
    """Return the distance to a circle about the origin."""
    return np.sqrt(plane.x * plane.x + plane.y * plane.y) - radius


def ellipse(plane: Plane, width: Number, height: Number) -> Array:
    """Return the distance, exact on the outline and to first order near it, to an ellipse of these half axes."""
    x, y = plane.x / width, plane.y / height
    near = np.sqrt(x * x + y * y)
    x, y = x / width, y / height
    return near * (near - 1) / np.maximum(np.sqrt(x * x + y * y), np.float32(1e-6))


def leaf(plane: Plane, length: Number, width: Number) -> Array:
    """Return the distance to a shape between two arcs that meet at (+-length, 0); its half width is `width`."""
    offset = (length * length - width * width) / (2 * width)
    y = np.abs(plane.y) + offset
    return np.sqrt(plane.x * plane.x + y * y) - (offset + width)


def stick(plane: Plane, length: Number, radius: Number) -> Array:
    """Return the distance to a rounded stick from the origin to (length, 0)."""
    x = plane.x - np.clip(plane.x, 0, length)
    return np.sqrt(x * x + plane.y * plane.y) - radius


def spike(plane: Plane, length: Number, base: Number) -> Array:
    """Return about the distance to a spike from the origin, where its half width is `base`, to a tip at (length, 0)."""
    share = 1 - plane.x / length
    return np.maximum(np.abs(plane.y) - base * share * (2 - share), np.maximum(-plane.x, plane.x - length))


def band(plane: Plane, half: Number) -> Array:
    """Return the distance to the strip |x| < half."""
    return np.abs(plane.x) - half


def joined(first: Array, second: Array, softness: float) -> Array:
    """Return the union of two shapes, the corner between them filled over a length of about `softness`."""
    near = np.maximum(softness - np.abs(first - second), 0)
    return np.minimum(first, second) - near * near * np.float32(0.25 / softness)


def coverage(distance: Array, scale: Number) -> Array:
    """Return which share of each pixel a shape covers, 0..1; `scale` is the number of pixels per unit of distance."""
    return np.clip(np.float32(0.5) - distance * scale, 0, 1)
