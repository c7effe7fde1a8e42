"""Gaussian blur, as in the first version of ImageNet-C (Hendrycks and Dietterich 2019).

The severity is continuous here: a standard deviation of 0.6 pixels per unit on a side of 224, in proportion on others,
where ImageNet-C's five levels go from 1 to 6 pixels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from heterodox.corruptions import arrays


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Return the standard deviation in pixels; nothing is random here."""
    return {"deviation": 0.6 * severity * min(shape[:2]) / 224}


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return `images` (N, H, W, C) uint8 smoothed with the border repeated; on the CPU in any case."""
    pairs = zip(arrays.on_cpu(images).astype(np.float64), parameters["deviation"], strict=True)
    smooth = [
        gaussian_filter(image, deviation, mode="nearest", truncate=4.0, axes=(0, 1)) for image, deviation in pairs
    ]
    return arrays.back(arrays.grey_levels(np.stack(smooth)), images)
