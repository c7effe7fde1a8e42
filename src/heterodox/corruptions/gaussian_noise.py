"""Gaussian noise: independent normal noise on every value, as in ImageNet-C (Hendrycks and Dietterich 2019).

The severity is continuous here: a standard deviation of 0.04 of the range per unit, where ImageNet-C's five levels
go from 0.08 to 0.38.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heterodox.corruptions import arrays
from heterodox.streams import stream as named_stream


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Draw one image's parameters: standard deviation in grey levels, seed of the noise."""
    return {"deviation": 0.04 * 255 * severity, "seed": int(stream.integers(2**32))}


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return `images` (N, H, W, C) uint8 plus noise; the noise is drawn on the CPU in any case."""
    shape = tuple(images.shape[1:])
    noise = [named_stream(int(seed), "gaussian_noise").standard_normal(shape) for seed in parameters["seed"]]
    deviation = arrays.per_image(parameters["deviation"], images)[..., None]
    return arrays.grey_levels(images + deviation * arrays.beside(np.stack(noise), images))
