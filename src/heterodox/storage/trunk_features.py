"""Features of images: `features` float32 (N, width), what a frozen trunk says of each image, with `labels`, `index`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile
from heterodox.storage.rows import Rows, State, fill


class FeatureFile(CheckedFile):
    """A readable file of features."""

    what = "feature file"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._features = self._rows("features", axes=2)

    def features(self) -> np.ndarray:
        """Return all features, float32 (N, width). UserError where they are not finite."""
        values = self._values(self._features)
        if not np.isfinite(values).all():
            raise UserError(f"{self.path}: its features are not finite; train the backbone again")
        return values


class FeatureWriter:
    """Fills a file of features batch by batch; made by `write_features`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def filled(self) -> int:
        """Return of how many images the features are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(self, features: np.ndarray) -> None:
        """Store the features of the next images, float32 (n, width)."""
        self._rows.append({"features": np.asarray(features, np.float32)})


@contextmanager
def write_features(
    path: Path, labels: np.ndarray, index: np.ndarray, attributes: Mapping[str, Any], state: State | None = None
) -> Iterator[FeatureWriter]:
    """Open a new file of features for writing; it appears at `path` when those of every image were appended."""
    whole = {"labels": np.asarray(labels, np.int64), "index": np.asarray(index, np.int64)}
    with fill(path, whole, {}, attributes, state) as rows:
        yield FeatureWriter(rows)
