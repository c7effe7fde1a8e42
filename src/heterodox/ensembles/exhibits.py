"""What a figure shows of single images: which ones, what members take them for, and where members look."""

from collections.abc import Sequence

import numpy as np

from heterodox.ensembles.attribution import pair_distances
from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile
from heterodox.storage.images import ImageFile


def check_images(dump: DumpFile, images: ImageFile) -> None:
    """Raise UserError unless the dump speaks of these images, in their order."""
    if not np.array_equal(images.index, dump.index):
        raise UserError(f"{dump.path}: speaks of other images than {images.path}; dump the members again")


def answers(dump: DumpFile, rows: int = 10_000) -> np.ndarray:
    """Return the class with the highest logit for each image, (N,)."""
    return np.concatenate([dump.logits(at, at + rows).argmax(axis=1) for at in range(0, len(dump), rows)])


def read_maps(dump: DumpFile, method: str, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the maps of these rows, summed over channels, float32 (n, H, W) >= 0."""
    return np.concatenate([dump.saliency(method, row, row + 1).astype(np.float32).sum(axis=1) for row in rows])


def choose_images(labels: np.ndarray, predictions: np.ndarray, count: int = 8) -> np.ndarray:
    """Return the rows of the images to show, at most `count`, each of another class.

    Classes are spread evenly over those present; of each, the first image that at least one member gets right, or the
    first image where none does. labels: (N,); predictions: (members, N).
    """
    right = (predictions == labels).any(axis=0)
    groups = (np.flatnonzero(labels == label) for label in _spread(np.unique(labels), count))
    return np.array([rows[np.argmax(right[rows])] for rows in groups])


def views_apart(first: DumpFile, second: DumpFile, method: str, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return images that both members get right though they look elsewhere: rows (n,) and cosines (n,), n <= `count`.

    Classes are spread evenly over those with such images; of each, the image whose two maps have the smallest cosine,
    in [0, 1], 0 = the members look at wholly different pixels. Raises UserError where a dump holds no maps of `method`
    or no image is right for both.
    """
    labels, pair = first.labels, np.array([[0, 1]])
    distances = np.concatenate([part[0, :, 0] for _, part in pair_distances([first, second], pair, method, ["l2"], 1)])
    if np.isnan(distances).any():
        raise UserError(
            f"{first.path} and {second.path}: both must hold '{method}' maps; dump them again or choose others"
        )
    right = np.flatnonzero((answers(first) == labels) & (answers(second) == labels))
    if not len(right):
        raise UserError(f"{first.path} and {second.path}: no image is right for both members; choose other members")
    groups = (right[labels[right] == label] for label in _spread(np.unique(labels[right]), count))
    rows = np.array([group[np.argmax(distances[group])] for group in groups])
    return rows, 1 - distances[rows] / 2


def _spread(present: np.ndarray, count: int) -> np.ndarray:
    return present[np.unique(np.linspace(0, len(present) - 1, min(count, len(present))).round().astype(int))]
