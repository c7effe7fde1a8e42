"""A data set small enough to train on in a blink: two classes, bright on the left or on the right, under noise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.storage.images import write_images
from heterodox.streams import stream
from heterodox.training.images import LabelledImages


def sided_images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = stream(seed, "sided images")
    labels = np.arange(count) % 2
    images = draw.integers(0, 160, (count, 8, 8, 1))
    images[labels == 0, :, :4] += 60
    images[labels == 1, :, 4:] += 60
    return images.astype(np.uint8), labels.astype(np.int64)


@pytest.fixture
def sided() -> LabelledImages:
    images, labels = sided_images(96)
    return LabelledImages(torch.from_numpy(images), torch.from_numpy(labels), ("left", "right"))


def write_sided(path: Path, count: int, seed: int) -> Path:
    images, labels = sided_images(count, seed)
    with write_images(path, (8, 8, 1), labels, np.arange(count), ["left", "right"]) as writer:
        writer.append(images)
    return path


@pytest.fixture
def rewrite() -> Callable[[Path, int, int], Path]:
    """Return the function that writes (path, count, seed)."""
    return write_sided


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return training and validation files."""
    return {"train": write_sided(tmp_path / "train.h5", 96, 1), "validation": write_sided(tmp_path / "val.h5", 40, 2)}
