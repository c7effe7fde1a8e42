"""Lines: grey anti-aliased lines, each right across the image, in directions that scatter around one angle.

A candidate of ImageNet-C-bar (Mintun, Kirillov and Xie 2021, On interaction between augmentations and corruptions).
"""

import math
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from heterodox.corruptions import arrays

GREY = 128


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Draw one image's parameters: base angle (radians), its variation (turns), lines per pixel of side, seed."""
    return {
        "angle": stream.uniform(0, 2 * np.pi),
        "angle_variation": stream.uniform(0.1, 1.0),
        "seed": int(stream.integers(2**32)),
        "density": severity * 1.0 / 10,
    }


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return `images` (N, H, W, C) uint8 with int(density * min(H, W)) lines each; drawn on the CPU in any case."""
    result = arrays.on_cpu(images).copy()
    side = min(result.shape[1:3])
    for row, image in enumerate(result):
        ends = end_points(side, *(parameters[name][row] for name in ("angle", "angle_variation", "seed", "density")))
        _draw_lines(image, ends)
    return arrays.back(result, images)


def end_points(side: int, angle: float, angle_variation: float, seed: int, density: float) -> np.ndarray:
    """Return (row, column, row, column) of both ends of every line, int64 (lines, 4), mostly outside the image.

    Each line takes three uniform numbers from NumPy's legacy generator: row, column, direction.
    """
    uniform = np.random.RandomState(int(seed)).uniform(size=(int(density * side), 3))
    points = side * uniform[:, :2]
    directions = angle + 2 * np.pi * angle_variation * (uniform[:, 2] - 0.5)
    steps = np.stack([np.cos(directions) * side, np.sin(directions) * side], axis=1)
    return np.concatenate([points - steps, points + steps], axis=1).astype(np.int64)


@numba.njit(cache=True)
def _draw_lines(image: np.ndarray, ends: np.ndarray) -> None:
    for line in range(len(ends)):
        _draw_line(image, ends[line, 0], ends[line, 1], ends[line, 2], ends[line, 3])


@numba.njit(cache=True)
def _draw_line(image: np.ndarray, row: int, column: int, last_row: int, last_column: int) -> None:
    # Bresenham with a second pixel where the line passes between two (Zingl 2012, A rasterizing algorithm for drawing
    # curves), as scikit-image draws it. Each distance is the pixel's from the ideal line, in pixels.
    height, width = abs(last_row - row), abs(last_column - column)
    down, right = (1 if row < last_row else -1), (1 if column < last_column else -1)
    length = math.sqrt(width * width + height * height) if width + height else 1.0
    error = width - height
    while True:
        _blend(image, row, column, abs(error - width + height) / length)
        before, at_column = error, column
        if 2 * before >= -width:
            if column == last_column:
                return
            if before + height < length:
                _blend(image, row + down, column, abs(before + height) / length)
            error -= height
            column += right
        if 2 * before <= height:
            if row == last_row:
                return
            if width - before < length:
                _blend(image, row, at_column + right, abs(width - before) / length)
            error += width
            row += down


@numba.njit(cache=True)
def _blend(image: np.ndarray, row: int, column: int, distance: float) -> None:
    if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
        opacity = 1.0 - distance
        for channel in range(image.shape[2]):
            mixed = (1.0 - opacity) * image[row, column, channel] + opacity * GREY
            image[row, column, channel] = np.uint8(mixed)
