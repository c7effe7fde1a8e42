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
    library = arrays.library(images)
    across, down = _cell_coordinates(images, parameters)
    same_colour = arrays.integers(library.remainder(across, 2)) == arrays.integers(library.remainder(down, 2))
    cut = same_colour & _cut(images, parameters, arrays.integers(across), arrays.integers(down))
    return library.where(cut[..., None], library.full_like(images[:1, :1, :1], GREY), images)


def _cell_coordinates(images: Any, parameters: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    rows, columns = arrays.coordinates(images)
    cosine, sine = (arrays.per_image(f(parameters["angle"]), images) for f in (np.cos, np.sin))
    cell = arrays.per_image(parameters["cell"], images)
    return (cosine * rows + sine * columns) / cell, (-sine * rows + cosine * columns) / cell


def _cut(images: Any, parameters: Mapping[str, np.ndarray], across: Any, down: Any) -> Any:
    """Return, bool (N, H, W), whether the cell with these numbers is cut; the board repeats, so that -1 is its last."""
    boards = [
        cut_cells(min(images.shape[1:3]), *(parameters[name][row] for name in ("cell", "fraction", "seed")))
        for row in range(len(images))
    ]
    sizes = np.array([len(board) for board in boards])
    padded = np.zeros((len(boards), sizes.max(), sizes.max()), bool)
    for place, board in zip(padded, boards, strict=True):
        place[: len(board), : len(board)] = board
    image = arrays.integers(arrays.per_image(np.arange(len(boards)), images))
    size = arrays.integers(arrays.per_image(sizes, images))
    return arrays.back(padded, images)[image, across % size, down % size]


def cut_cells(side: int, cell: float, fraction: float, seed: int) -> np.ndarray:
    """Return which cells of the board are cut, bool (4 side // cell, 4 side // cell), from NumPy's legacy generator."""
    cells = int(4 * side // cell)
    return np.random.RandomState(int(seed)).uniform(size=(cells, cells)) < fraction
