"""Checkerboard: cells of one colour of a rotated board are cut out and filled with grey.

A candidate of ImageNet-C-bar (Mintun, Kirillov and Xie 2021, On interaction between augmentations and corruptions).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heterodox.corruptions import arrays

GREY = 128


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Draw one image's parameters: angle in radians, cell side in pixels, fraction of cells cut, seed of the cells."""
    return {
        "angle": stream.uniform(0, 2 * np.pi),
        "cell": max(stream.uniform(0.1, 0.25) * min(shape[:2]), 1.0),
        "fraction": severity * 1.0 / 10,
        "seed": int(stream.integers(2**32)),
    }


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return `images` (N, H, W, C) uint8, a pixel grey where its cell is cut and both its cell numbers agree mod 2."""
    across, down = _cell_coordinates(images, parameters)
    result = arrays.library(images).asarray(images, copy=True)
    result[(_parity(across) == _parity(down)) & _cut(images, parameters, across, down)] = GREY
    return result


def _cell_coordinates(images: Any, parameters: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    rows, columns = arrays.coordinates(images)
    cosine, sine = (arrays.per_image(f(parameters["angle"]), images) for f in (np.cos, np.sin))
    cell = arrays.per_image(parameters["cell"], images)
    return (cosine * rows + sine * columns) / cell, (-sine * rows + cosine * columns) / cell


def _parity(coordinates: Any) -> Any:
    """Return int(coordinates mod 2) without the slow remainder: 0, 1, or 2 where rounding lifts the remainder to 2."""
    library = arrays.library(coordinates)
    lifted = (coordinates < 0) & (coordinates + 2 == 2)
    return library.where(lifted, 2, arrays.integers(library.floor(coordinates)) & 1)


def _cut(images: Any, parameters: Mapping[str, np.ndarray], across: Any, down: Any) -> Any:
    """Return, bool (N, H, W), whether the cell at these coordinates is cut."""
    reach = int(np.hypot(*images.shape[1:3]) / np.min(parameters["cell"])) + 1
    side = min(images.shape[1:3])
    boards = np.stack(
        [
            _repeated(cut_cells(side, *drawn), reach)
            for drawn in zip(*(parameters[name] for name in ("cell", "fraction", "seed")), strict=True)
        ]
    )
    image = arrays.integers(arrays.per_image(np.arange(len(images)), images))
    place = (
        (image * boards.shape[1] + arrays.integers(across) + reach) * boards.shape[2] + arrays.integers(down) + reach
    )
    return arrays.library(images).take(arrays.back(boards, images), place)


def _repeated(board: np.ndarray, reach: int) -> np.ndarray:
    """Return the cells -reach..reach of the board in both directions; it repeats, so that -1 is its last cell."""
    cells = np.arange(-reach, reach + 1) % len(board)
    return board[np.ix_(cells, cells)]


def cut_cells(side: int, cell: float, fraction: float, seed: int) -> np.ndarray:
    """Return which cells of the board are cut, bool (4 side // cell, 4 side // cell), from NumPy's legacy generator."""
    cells = int(4 * side // cell)
    return np.random.RandomState(int(seed)).uniform(size=(cells, cells)) < fraction
