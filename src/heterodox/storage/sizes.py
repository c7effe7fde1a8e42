"""How many bytes a file takes, from counts and shapes: what a study needs can be told before it runs."""

import math

HEADER = 6 * 2**10  # HDF5's own structure and the attributes of one of our files
TENSOR_HEADER = 100  # name, shape and place of one tensor in a safetensors file
INTEGER, FLOAT, HALF = 8, 4, 2


def image_file_bytes(images: int, shape: tuple[int, int, int], parameters: int = 0) -> int:
    """Return the bytes of a split or shift of `images` images (H, W, C) of one byte per value.

    `parameters` counts the numbers that a corruption draws for each image.
    """
    return HEADER + images * (math.prod(shape) + 2 * INTEGER + parameters * INTEGER)


def dump_bytes(images: int, classes: int, map_shape: tuple[int, int, int] | None, methods: int = 1) -> int:
    """Return the bytes of a dump; `map_shape` is (channels, H, W) of the maps of each method, None for no maps."""
    maps = 0 if map_shape is None else methods * (math.prod(map_shape) * HALF + FLOAT)
    return HEADER + images * (classes * FLOAT + 2 * INTEGER + maps)


def weights_bytes(values: int, tensors: int = 0) -> int:
    """Return the bytes of a member's weights: `values` parameters and buffers in `tensors` tensors."""
    return values * FLOAT + tensors * TENSOR_HEADER
