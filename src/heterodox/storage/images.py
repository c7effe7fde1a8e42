"""Image sets: `images` uint8 (N, H, W, C), `labels` and `index` int64 (N), drawn corruption parameters."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path
from heterodox.storage.hdf5 import CheckedFile, new_file
from heterodox.storage.rows import Rows, State, fill

BATCH_BYTES = 64 * 2**20


class ImageFile(CheckedFile):
    """A readable set of images; `labels` (N,) and `index` (N,) are in memory, the images stream.

    `index` is the identity of each image in its source, so that two files can be matched image by image.
    """

    what = "image file"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._images = self._rows("images", axes=4)
        if self._images.dtype != np.uint8:
            raise UserError(f"{self.path}: 'images' must be uint8 (N, H, W, C), not {self._images.dtype}")
        self.image_shape: tuple[int, int, int] = self._images.shape[1:]
        self.classes = self._class_names()

    def _class_names(self) -> list[str]:
        try:
            classes = json.loads(self._file.attrs.get("classes", "[]"))
        except (TypeError, ValueError):
            classes = None
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise UserError(f"{self.path}: its attribute 'classes' is no JSON list of names; delete it and run again")
        return classes

    def images(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return the images start..stop as uint8 (n, H, W, C)."""
        return self._values(self._images, start, stop)

    def at(self, rows: Iterable[int]) -> np.ndarray:
        """Return the images at these rows, in this order, as uint8 (n, H, W, C)."""
        return np.concatenate([self.images(row, row + 1) for row in rows])

    def batches(self, size: int | None = None, first: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first row, images) from row `first` to the end; by default as many images as fit in 64 MiB."""
        size = size or max(1, BATCH_BYTES // int(np.prod(self.image_shape)))
        for start in range(first, len(self), size):
            yield start, self.images(start, start + size)

    def parameters(self) -> dict[str, np.ndarray]:
        """Return the corruption parameters that were drawn for each image, by name, each (N, ...)."""
        group = self._file.get("parameters")
        return {name: self._values(values) for name, values in (group or {}).items()}


class ImageWriter:
    """Fills a set of images batch by batch; made by `write_images`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def filled(self) -> int:
        """Return how many images are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(self, images: np.ndarray, parameters: Mapping[str, np.ndarray] | None = None) -> None:
        """Store the next images, uint8 (n, H, W, C), and the parameters drawn for them, each (n, ...)."""
        drawn = {f"parameters/{name}": np.asarray(values) for name, values in (parameters or {}).items()}
        self._rows.append({"images": images, **drawn})


@contextmanager
def write_images(
    path: Path,
    image_shape: tuple[int, int, int],
    labels: np.ndarray,
    index: np.ndarray,
    classes: list[str],
    attributes: Mapping[str, Any] | None = None,
    state: State | None = None,
) -> Iterator[ImageWriter]:
    """Open a new set of images for writing; the file appears at `path` only when every image was appended.

    With a state, a later attempt goes on where a killed one was: the writer says how many images are `filled`.
    """
    whole = {"labels": np.asarray(labels, np.int64), "index": np.asarray(index, np.int64)}
    by_row = {"images": np.empty((0, *image_shape), np.uint8)}
    with fill(path, whole, by_row, {"classes": json.dumps(classes), **(attributes or {})}, state) as rows:
        yield ImageWriter(rows)


def write_packed_images(
    path: Path, images: np.ndarray, labels: np.ndarray, index: np.ndarray, classes: list[str]
) -> None:
    """Write a set of images, uint8 (N, H, W, C), compressed as far as gzip can, for data under version control."""
    rows = max(1, min(len(images), 2**18 // int(np.prod(images.shape[1:]))))
    with atomic_path(path) as partial, new_file(partial) as file:
        stored = file.create_dataset("images", images.shape, np.uint8, chunks=(rows, *images.shape[1:]), compression=9)
        file["labels"] = np.asarray(labels, np.int64)
        file["index"] = np.asarray(index, np.int64)
        file.attrs["classes"] = json.dumps(classes)
        stored[:] = images
