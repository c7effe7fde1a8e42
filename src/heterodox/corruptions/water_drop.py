"""Water drop: circular waves refract the image around a point.

A candidate of ImageNet-C-bar (Mintun, Kirillov and Xie 2021, On interaction between augmentations and corruptions).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heterodox.corruptions import arrays


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Draw one image's parameters: centre, radius and wavelength in pixels, phase in radians, relative amplitude."""
    side = min(shape[:2])
    return {
        "centre_row": stream.uniform(0.25, 0.75) * side,
        "centre_column": stream.uniform(0.25, 0.75) * side,
        "radius": side // 2,
        "wavelength": stream.uniform(0.05, 0.2) * side,
        "phase": stream.uniform(0, 2 * np.pi),
        "amplitude": severity * 0.25 / 10,
    }


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return each pixel of `images` (N, H, W, C) uint8 sampled where `sources` says; outside the image all is black."""
    return arrays.grey_levels(_bilinear(images, *sources(images, parameters)))


def sources(images: Any, parameters: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    """Return the row and column (N, H, W) in pixels from which each pixel takes its value."""
    library = arrays.library(images)
    centre_row, centre_column, radius, wavelength, phase, amplitude = (
        arrays.per_image(parameters[name], images)
        for name in ("centre_row", "centre_column", "radius", "wavelength", "phase", "amplitude")
    )
    rows, columns = arrays.coordinates(images)
    down, right = rows - centre_row, columns - centre_column
    distance = _length(down, right)
    # At the very centre nothing moves, whatever the shift per pixel of distance: any divisor but 0 will do.
    divisor = library.where(distance == 0, wavelength, distance)
    shift = amplitude * library.sin(distance / wavelength * np.pi * 2 - phase) * (wavelength / divisor)
    shift = library.where(distance > radius, 0.0, shift)
    return rows + shift * down, columns + shift * right


def _length(down: Any, right: Any) -> Any:
    library = arrays.library(down)
    if library is not np:
        return library.sqrt(down * down + right * right)
    # The original takes np.linalg.norm of each vector, that is BLAS's dot product, which may fuse the multiplication
    # with the addition; in flat regions one bit of the distance can decide a truncation. vecdot calls the same BLAS.
    vectors = np.stack(np.broadcast_arrays(down, right), -1)
    return np.sqrt(np.vecdot(vectors, vectors))


def _bilinear(images: Any, rows: Any, columns: Any) -> Any:
    """Return `images` at these places, float64 (N, H, W, C); neighbours outside the image count as 0."""
    library = arrays.library(images)
    height, width, channels = images.shape[1:]
    padded = arrays.back(np.zeros((len(images), height + 2, width + 2, channels), np.uint8), images)
    padded[:, 1:-1, 1:-1] = images
    image = arrays.integers(arrays.per_image(np.arange(len(images)), images))
    top, left = library.floor(rows), library.floor(columns)

    def pixel(row: Any, column: Any) -> Any:
        row, column = (row + 1).clip(0, height + 1), (column + 1).clip(0, width + 1)
        return padded[image, arrays.integers(row), arrays.integers(column)]

    # The order of these operations decides the last bit, and so the truncation: it is the original's.
    weight_left, weight_right = (1.0 - columns + left)[..., None], (1.0 - (left + 1) + columns)[..., None]
    above = pixel(top, left) * weight_left + pixel(top, left + 1) * weight_right
    below = pixel(top + 1, left) * weight_left + pixel(top + 1, left + 1) * weight_right
    return above * (1.0 - rows + top)[..., None] + below * (1.0 - (top + 1) + rows)[..., None]
