"""Features of a frozen backbone: `features` float32 (N, P), `labels` and `index` int64 (N), and whose they are."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile
from heterodox.storage.rows import Rows, State, fill

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Backbone:
    """Which network features come from: architecture, model, the layer they are read at, a digest of its weights."""

    arch: str
    model: str
    layer: str
    digest: str


def weights_digest(tensors: "Mapping[str, torch.Tensor]") -> str:
    """Return a hash of the names, shapes, types and values of a network's tensors, whatever their order."""
    state = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().contiguous().numpy()
        state.update(json.dumps([name, list(values.shape), str(values.dtype)]).encode())
        state.update(values.tobytes())
    return state.hexdigest()


class FeatureFile(CheckedFile):
    """A readable set of features; `labels` and `index` (N,) are in memory, the features stream."""

    what = "feature file"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if not len(self):
            raise UserError(f"{self.path}: holds no images; make it again with some in this set")
        self._features = self._rows("features", axes=2)
        if self._features.dtype != np.float32:
            raise UserError(f"{self.path}: 'features' must be float32 (N, P), not {self._features.dtype}")
        self.feature_count: int = self._features.shape[1]
        try:
            self.classes: list[str] = json.loads(self._file.attrs["classes"])
            self.backbone = Backbone(**json.loads(self._file.attrs["backbone"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{self.path}: does not say which classes and backbone it is of; delete it and run again"
            ) from error

    def features(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return the features of rows start..stop, float32 (n, P); UserError where one is not finite."""
        values = self._values(self._features, start, stop)
        if not np.isfinite(values).all():
            raise UserError(f"{self.path}: holds NaN or infinite features; the backbone is broken, train it again")
        return values


class FeatureWriter:
    """Fills a set of features batch by batch; made by `write_features`."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @property
    def filled(self) -> int:
        """Return how many rows are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(self, features: np.ndarray) -> None:
        """Store the features of the next images, float32 (n, P)."""
        self._rows.append({"features": features})


@contextmanager
def write_features(
    path: Path,
    labels: np.ndarray,
    index: np.ndarray,
    classes: list[str],
    backbone: Backbone,
    state: State | None = None,
) -> Iterator[FeatureWriter]:
    """Open a new set of features for writing; it appears at `path` when the features of every image were appended.

    With a state, a later attempt goes on where a killed one was: the writer says how many rows are `filled`.
    """
    whole = {"labels": np.asarray(labels, np.int64), "index": np.asarray(index, np.int64)}
    attributes = {"classes": json.dumps(classes), "backbone": json.dumps(asdict(backbone), sort_keys=True)}
    with fill(path, whole, {}, attributes, state) as rows:
        yield FeatureWriter(rows)


@dataclass(frozen=True)
class Features:
    """Features of one set of images in memory: `values` float32 (N, P), `labels` and `index` int64 (N,).

    In the in-distribution sets a label is a class; in the out-of-distribution ones it is the set an image comes from.
    `classes` are their names. `path` and `backbone` say whose they are.
    """

    values: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    classes: tuple[str, ...]
    backbone: Backbone
    path: Path

    def __len__(self) -> int:
        """Return the number of images N."""
        return len(self.labels)


def read_features(path: Path, like: Features | None = None) -> Features:
    """Read a whole feature file. UserError where it holds no images, or is of another backbone than `like` is."""
    with FeatureFile(path) as file:
        found = Features(file.features(), file.labels, file.index, tuple(file.classes), file.backbone, Path(path))
    if like is not None:
        check_backbone(found, like.backbone, str(like.path))
    return found


def check_backbone(features: Features, backbone: Backbone, whose: str) -> None:
    """Raise UserError unless the features are of this backbone, that of `whose` (a file)."""
    if features.backbone != backbone:
        raise UserError(
            f"{features.path}: features of another backbone ({_name(features.backbone)}) than {whose} "
            f"({_name(backbone)}); delete it and run again"
        )


def _name(backbone: Backbone) -> str:
    return f"{backbone.arch} {backbone.model}, {backbone.layer}, weights {backbone.digest[:8]}"
