"""A set of images that is read piece by piece, its division into splits, and its way into a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.images import BATCH_BYTES, write_images
from heterodox.streams import stream


@dataclass(frozen=True)
class ImageSet:
    """Images of one shape with labels (N,) and index (N,), the identity of each image in its source.

    `read` takes rows 0..N-1 and returns these images, uint8 (n, H, W, C); it is called with one batch at a time.
    """

    labels: np.ndarray
    index: np.ndarray
    classes: list[str]
    shape: tuple[int, int, int]
    read: Callable[[np.ndarray], np.ndarray]

    def __len__(self) -> int:
        """Return the number of images N."""
        return len(self.labels)

    def subset(self, rows: np.ndarray) -> Self:
        """Return the images at these rows, in this order."""
        return replace(
            self, labels=self.labels[rows], index=self.index[rows], read=lambda chosen: self.read(rows[chosen])
        )

    def write(self, path: Path, attributes: Mapping[str, Any]) -> None:
        """Write the set as an image file, never holding more than 64 MiB of images."""
        size = max(1, BATCH_BYTES // int(np.prod(self.shape)))
        with write_images(path, self.shape, self.labels, self.index, self.classes, attributes) as writer:
            for start in range(0, len(self), size):
                writer.append(self.read(np.arange(start, min(start + size, len(self)))))


Images = TypeVar("Images", bound=ImageSet)


def held_in_memory(images: np.ndarray, labels: np.ndarray, index: np.ndarray, classes: list[str]) -> ImageSet:
    """Return the set of these images, uint8 (N, H, W, C)."""
    return ImageSet(labels, index, classes, images.shape[1:], lambda rows: images[rows])


def hold_out(
    images: Images, amount: float, seed: int, dataset: str, where: str = "data.validation"
) -> tuple[Images, Images]:
    """Divide a set into (the rest, the held-out part), each in the order of the source.

    `amount` is a number of images or, below 1, a fraction. Every class gives its share, to within one image; which
    images it gives depends on the study's seed, the data set's name and the class alone.
    Raises UserError, which begins with `where`, the key that gives the amount, where it leaves one of the two empty.
    """
    count = round(amount * len(images)) if amount < 1 else int(amount)
    if not 0 < count < len(images):
        raise UserError(
            f"{where}: {amount} of {len(images)} images leaves the part held out or the rest empty; "
            "give a fraction between 0 and 1 or a smaller number"
        )
    chosen = _draw(images.labels, count, seed, "validation", dataset)
    return images.subset(np.flatnonzero(~chosen)), images.subset(np.flatnonzero(chosen))


def at_most(images: Images, count: int, seed: int, name: str) -> Images:
    """Return `count` images, each class its share, in the order of the source; the set itself if it has no more.

    A larger count keeps the images of a smaller one but for the rounding of shares.
    """
    if len(images) <= count:
        return images
    return images.subset(np.flatnonzero(_draw(images.labels, count, seed, "most", name)))


def _draw(labels: np.ndarray, count: int, seed: int, purpose: str, name: str) -> np.ndarray:
    """Return a mask (N,) of `count` images, of every class its share."""
    chosen = np.zeros(len(labels), bool)
    for label, quota in enumerate(_quotas(np.bincount(labels), count)):
        rows = np.flatnonzero(labels == label)
        chosen[stream(seed, purpose, name, label).permutation(rows)[:quota]] = True
    return chosen


def _quotas(sizes: np.ndarray, count: int) -> np.ndarray:
    """Return how many images each class gives: shares rounded down, the missing ones to the largest remainders."""
    shares = sizes * count / sizes.sum()
    quotas = np.floor(shares).astype(int)
    largest = np.argsort(quotas - shares, kind="stable")[: count - quotas.sum()]
    quotas[largest] += 1
    return quotas
