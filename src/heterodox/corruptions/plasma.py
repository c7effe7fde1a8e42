"""Plasma: coloured turbulence laid over the image.

A candidate of ImageNet-C-bar (Mintun, Kirillov and Xie 2021, On interaction between augmentations and corruptions).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heterodox.corruptions import arrays


def draw_parameters(stream: np.random.Generator, shape: tuple[int, int, int], severity: float) -> dict[str, float]:
    """Draw one image's parameters: time, iterations, sharpness, scale in pixels, intensity in grey levels."""
    return {
        "time": stream.uniform(0, 6 * np.pi),
        "iterations": int(stream.integers(4, 7)),
        "sharpness": stream.uniform(0.5, 1.0),
        "scale": stream.uniform(0.075, 0.2) * min(shape[:2]),
        "intensity": severity * 64 / 10,
    }


def apply(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return (1 - I/255) images + I noise, uint8 (N, H, W, C); one channel takes the mean of the three noises."""
    noise = signed_noise(images, parameters)
    if images.shape[-1] == 1:
        noise = ((noise[..., 0] + noise[..., 1] + noise[..., 2]) / 3)[..., None]
    intensity = arrays.per_image(parameters["intensity"], images)[..., None]
    return arrays.grey_levels((1 - intensity / 255) * images + intensity * noise)


def signed_noise(images: Any, parameters: Mapping[str, np.ndarray]) -> Any:
    """Return the noise (N, H, W, 3) in [-1, 1], red, green, blue, for images of this shape."""
    library = arrays.library(images)
    time = arrays.per_image(parameters["time"], images)
    x, y = _turbulent_coordinates(images, time, parameters)
    red = library.sin(x - time)
    green = library.sin((x + y + library.sin(time)) / 2)
    blue = library.sin(y + time)
    return library.stack([red, green, blue], -1)


def _turbulent_coordinates(images: Any, time: Any, parameters: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
    library = arrays.library(images)
    iterations, sharpness, scale = (
        arrays.per_image(parameters[name], images) for name in ("iterations", "sharpness", "scale")
    )
    rows, columns = arrays.coordinates(images)
    x, y = columns / scale, rows / scale
    a, b, c = 1.0, 1.0, 1.0
    for step in range(int(np.max(parameters["iterations"]))):
        first, second = library.cos(y * a + time / b) / c, library.sin(x * a + time / b) / c
        first, second = first - 0.3 * second, second + 0.3 * first
        running = step < iterations
        x, y = library.where(running, x + first, x), library.where(running, y + second, y)
        a, b, c = a * 1.93, b * 1.15, c * (2.25 - sharpness)
    return x, y
