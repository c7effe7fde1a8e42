"""What the corruptions share: the same arithmetic on NumPy arrays and, on a GPU, on torch tensors."""

from importlib import import_module
from typing import Any

import numpy as np


def library(images: Any) -> Any:
    """Return the module that computes on `images`: numpy, or torch for its tensors; both name the functions alike."""
    return np if isinstance(images, np.ndarray) else import_module("torch")


def beside(values: Any, images: Any) -> Any:
    """Return `values` as float64 in the library and on the device of `images`."""
    if isinstance(images, np.ndarray):
        return np.asarray(values, np.float64)
    return library(images).as_tensor(np.asarray(values, np.float64), device=images.device)


def per_image(values: Any, images: Any) -> Any:
    """Return one parameter per image, shaped (N, 1, 1) to meet rows and columns."""
    return beside(values, images).reshape(-1, 1, 1)


def coordinates(images: Any) -> tuple[Any, Any]:
    """Return the row (1, H, 1) and column (1, 1, W) numbers of `images` (N, H, W, C) as float64."""
    height, width = images.shape[1:3]
    return beside(np.arange(height), images).reshape(1, -1, 1), beside(np.arange(width), images).reshape(1, 1, -1)


def integers(values: Any) -> Any:
    """Return `values` cut toward zero, as int64."""
    return values.astype(np.int64) if isinstance(values, np.ndarray) else values.long()


def grey_levels(values: Any) -> Any:
    """Return `values` clipped to 0..255 and truncated, not rounded, to uint8."""
    clipped = values.clip(0, 255)
    return clipped.astype(np.uint8) if isinstance(clipped, np.ndarray) else clipped.byte()


def on_cpu(images: Any) -> np.ndarray:
    """Return `images` as a NumPy array, for the steps that only the CPU does."""
    return images if isinstance(images, np.ndarray) else images.cpu().numpy()


def back(values: np.ndarray, images: Any) -> Any:
    """Return `values` in the library and on the device of `images`, with their own type."""
    return values if isinstance(images, np.ndarray) else library(images).from_numpy(values).to(images.device)
