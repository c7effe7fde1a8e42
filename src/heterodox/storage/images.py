"""Image sets: `images` uint8 (N, H, W, C), `labels` and `index` int64 (N), drawn corruption parameters."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile, Disk, create

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

    def batches(self, size: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first row, images) over the whole file; by default as many images as fit in 64 MiB."""
        size = size or max(1, BATCH_BYTES // int(np.prod(self.image_shape)))
        for start in range(0, len(self), size):
            yield start, self.images(start, start + size)

    def parameters(self) -> dict[str, np.ndarray]:
        """Return the corruption parameters that were drawn for each image, by name, each (N, ...)."""
        group = self._file.get("parameters")
        return {name: self._values(values) for name, values in (group or {}).items()}


class ImageWriter:
    """Fills a set of images batch by batch; made by `write_images`."""

    def __init__(self, file: h5py.File, disk: Disk, count: int) -> None:
        self._file, self._disk, self._count, self._filled = file, disk, count, 0

    def append(self, images: np.ndarray, parameters: Mapping[str, np.ndarray] | None = None) -> None:
        """Store the next images, uint8 (n, H, W, C), and the parameters drawn for them, each (n, ...)."""
        start, stop = self._filled, self._filled + len(images)
        self._file["images"][start:stop] = images
        for name, values in (parameters or {}).items():
            values = np.asarray(values)
            stored = self._file.require_dataset(
                f"parameters/{name}", (self._count, *values.shape[1:]), values.dtype, exact=True
            )
            stored[start:stop] = values
        self._filled = stop
        self._disk.check()


@contextmanager
def write_images(
    path: Path,
    image_shape: tuple[int, int, int],
    labels: np.ndarray,
    index: np.ndarray,
    classes: list[str],
    attributes: Mapping[str, Any] | None = None,
    compression: int | None = None,
) -> Iterator[ImageWriter]:
    """Open a new set of images for writing; the file appears at `path` only when every image was appended.

    `compression` is gzip's level, for data kept under version control; by default the images lie uncompressed.
    """
    count = len(labels)
    with create(path) as (file, disk):
        rows = max(1, min(count, 2**18 // int(np.prod(image_shape))))
        chunks = (rows, *image_shape) if count else None  # HDF5 knows no chunk larger than its data set
        file.create_dataset("images", (count, *image_shape), np.uint8, chunks=chunks, compression=compression)
        file["labels"] = np.asarray(labels, np.int64)
        file["index"] = np.asarray(index, np.int64)
        file.attrs["classes"] = json.dumps(classes)
        for name, value in (attributes or {}).items():
            file.attrs[name] = value
        writer = ImageWriter(file, disk, count)
        yield writer
        if writer._filled != count:
            raise ValueError(f"{path}: {count} images announced, {writer._filled} written")
