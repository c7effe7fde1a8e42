"""Maps of a set of members by one method, and what the members answer: one file each, images first.

A case is an image with one output that is explained on it. A file of maps holds, beside `index` (the image's identity
in its source) and `labels` (the true output, -1 where nobody knows it), each (N,) for N cases,

    rows     int64 (N,)            the image's row in the file of annotated images
    targets  int64 (N, K)          the output that each of the K maps explains
    maps     float16 (N, K, H, W)  divided by the map's largest absolute value; in [0, 1], in [-1, 1] for signed maps
    scale    float32 (N, K)        that value, 0 for a map of zeros

and, unless all explain members, as attribute `explained` a JSON list of what each of the K maps explains: `member` for
every member in its order, `draws` for the first one with other draws, and the names of ensembles explained as one
network. A file of answers holds `logits` float32 (N, M, outputs) for all N images. Both stream; both can go on after a
kill.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile
from heterodox.storage.rows import Rows, State, fill

MEMBER = "member"


class MapFile(CheckedFile):
    """Readable maps; `labels`, `index`, `rows`, `targets` and `explained` are in memory, the maps stream."""

    what = "file of maps"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self.rows = self._vector("rows")
            self.targets = self._values(self._rows("targets", axes=2)).astype(np.int64)
            self._maps = self._rows("maps", axes=4)
            self._scale = self._values(self._rows("scale", axes=2)).astype(np.float64)
            said = self._file.attrs.get("explained", json.dumps([MEMBER] * self._maps.shape[1]))
            self.explained: list[str] = json.loads(said)
            if self._maps.dtype != np.float16 or self._scale.shape != self._maps.shape[:2]:
                raise UserError(f"{self.path}: 'maps' must be float16 with one 'scale' each; explain the members again")
            if len(self.explained) != self._maps.shape[1] or MEMBER not in self.explained:
                raise UserError(f"{self.path}: does not say what its maps explain; explain the members again")
        except BaseException:
            self._file.close()
            raise

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (K, H, W)."""
        return self._maps.shape[1:]

    @property
    def kinds(self) -> list[str]:
        """Return what is explained, each kind once."""
        return list(dict.fromkeys(self.explained))

    def maps(self, start: int = 0, stop: int | None = None, kind: str = MEMBER) -> np.ndarray:
        """Return the maps of one kind of cases start..stop as they were found, float64 (n, k, H, W).

        UserError where one is not finite.
        """
        own = np.flatnonzero([name == kind for name in self.explained])
        with self._reading():
            values = self._maps[start:stop, own].astype(np.float64)
        if not np.isfinite(values).all():
            raise UserError(f"{self.path}: 'maps' holds NaN or infinite values; explain the members again")
        return values * self._scale[start:stop, own, None, None]


class MapWriter:
    """Fills a file of maps, case by case; made by `write_maps`."""

    def __init__(self, rows: Rows, name: str) -> None:
        self._rows, self._name = rows, name

    @property
    def filled(self) -> int:
        """Return how many cases are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(self, maps: np.ndarray, targets: np.ndarray) -> None:
        """Store the next cases: raw maps (n, K, H, W) and what they explain (n, K); UserError if not finite."""
        if not np.isfinite(maps).all():
            raise UserError(f"{self._name}: a map is not finite; train its member again")
        values = np.asarray(maps, np.float32)
        scale = np.abs(values).max(axis=(2, 3))
        unit = values / np.where(scale > 0, scale, 1)[..., None, None]
        self._rows.append({"maps": unit.astype(np.float16), "scale": scale, "targets": targets.astype(np.int64)})


@contextmanager
def write_maps(
    path: Path,
    labels: np.ndarray,
    index: np.ndarray,
    rows: np.ndarray,
    attributes: Mapping[str, Any],
    state: State | None = None,
    explained: Sequence[str] = (),
) -> Iterator[MapWriter]:
    """Open a file of maps for writing; it appears at `path` when every case was appended.

    `explained` says what each of a case's maps explains; left out, all explain members.
    """
    attributes = {**attributes, **({"explained": json.dumps(list(explained))} if explained else {})}
    whole = {"labels": labels.astype(np.int64), "index": index.astype(np.int64), "rows": rows.astype(np.int64)}
    with fill(path, whole, {}, attributes, state) as filled:
        yield MapWriter(filled, str(attributes.get("member_set", path)))


class AnswerFile(CheckedFile):
    """Readable answers of all members of a set to the same images."""

    what = "file of answers"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._logits = self._rows("logits", axes=3)

    def logits(self) -> np.ndarray:
        """Return the logits, float64 (N, M, outputs); UserError where one is not finite."""
        values = self._values(self._logits).astype(np.float64)
        if not np.isfinite(values).all():
            raise UserError(f"{self.path}: 'logits' holds NaN or infinite values; train the members again")
        return values


@contextmanager
def write_answers(
    path: Path, labels: np.ndarray, index: np.ndarray, attributes: Mapping[str, Any], state: State | None = None
) -> Iterator[Rows]:
    """Open a file of answers for writing; append {"logits": float32 (n, M, outputs)} for all images in their order."""
    whole = {"labels": labels.astype(np.int64), "index": index.astype(np.int64)}
    with fill(path, whole, {}, attributes, state) as rows:
        yield rows
