"""Labelled images as the loop takes them: one uint8 tensor on the device."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from heterodox.errors import UserError
from heterodox.storage.images import BATCH_BYTES, ImageFile


@dataclass(frozen=True)
class LabelledImages:
    """`images` uint8 (N, H, W, C) and `labels` int64 (N,) on one device; `classes` are the names."""

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of images N."""
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Return where the images lie."""
        return self.images.device

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (channels, H, W) of one image, the order that networks take."""
        height, width, channels = self.images.shape[1:]
        return channels, height, width

    def to(self, device: torch.device) -> "LabelledImages":
        """Return the images on another device."""
        return LabelledImages(self.images.to(device), self.labels.to(device), self.classes)

    def first(self, count: int) -> "LabelledImages":
        """Return the first `count` images."""
        return LabelledImages(self.images[:count], self.labels[:count], self.classes)


def read_images(path: Path, device: torch.device) -> LabelledImages:
    """Read a whole image file onto `device`. UserError where it is missing, damaged or empty."""
    with ImageFile(path) as file:
        if not len(file):
            raise UserError(f"{path}: holds no images; make it again with some in this split")
        images, labels = torch.from_numpy(file.images()), torch.from_numpy(file.labels)
        return LabelledImages(images.to(device), labels.to(device), tuple(file.classes))


def pixels(images: Tensor) -> Tensor:
    """Return images uint8 (n, H, W, C) as float32 (n, C, H, W) in [0, 1], laid out channels last."""
    return images.permute(0, 3, 1, 2) / 255


def mean_and_std(images: Tensor, chunk_bytes: int = BATCH_BYTES) -> tuple[list[float], list[float]]:
    """Return each channel's mean and population standard deviation over images uint8 (N, H, W, C), in pixels of [0, 1].

    Sums of integers are exact, so the chunks, of `chunk_bytes` as 64-bit integers, do not matter. A channel without
    variance has the standard deviation 1, which makes dividing by it harmless.
    """
    sums = torch.zeros(2, images.shape[-1], dtype=torch.int64, device=images.device)
    for part in images.split(max(1, chunk_bytes // (8 * images[0].numel()))):
        values = part.flatten(0, -2).long()
        sums += torch.stack([values.sum(0), values.square().sum(0)])
    count, (total, squares) = images[..., 0].numel(), sums.tolist()
    deviations = [math.sqrt(count * square - one * one) for one, square in zip(total, squares, strict=True)]
    mean = [one / (255 * count) for one in total]
    return mean, [deviation / (255 * count) or 1.0 for deviation in deviations]
