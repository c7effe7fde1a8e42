"""Files filled row by row: laid out whole before the first row, so that a killed job goes on where it was.

HDF5 makes the layout and is gone; the rows are then written to the places that the layout gives them. So HDF5's own
structure never changes after the start, and rows that are on disk are sound whatever happens to the process.
"""

import json
import logging
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path, not_written, write_text
from heterodox.storage.hdf5 import new_file
from heterodox.storage.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """Where a file lies while it is filled, and whose work it is: `fingerprint` names configuration, code and inputs.

    `path` must be on the file system of the file that it becomes. Beside it a note says how many rows are safely on
    disk, renewed at most every `seconds`. Both are gone once the file is whole; what is left is unfinished work.
    """

    path: Path
    fingerprint: str
    seconds: float = 30.0

    @property
    def note(self) -> Path:
        """Return the path of the note."""
        return Path(self.path).with_suffix(".json")

    def rows(self) -> int:
        """Return how many rows an earlier attempt has left, 0 where there is none with this fingerprint."""
        try:
            noted = json.loads(self.note.read_text(encoding="utf-8"))
            _read_layout(self.path)
        except (OSError, ValueError):  # none yet, or damaged: HDF5 and JSON say so in these ways
            return 0
        if noted["fingerprint"] != self.fingerprint:
            log.info("%s: belongs to another configuration, starts from the beginning", self.path)
            return 0
        log.info("%s: goes on after %d images", self.path, noted["rows"])
        return noted["rows"]

    def clear(self) -> None:
        """Forget an earlier attempt: first what was noted of its file, then the file."""
        self.note.unlink(missing_ok=True)
        Path(self.path).unlink(missing_ok=True)

    def write(self, rows: int) -> None:
        """Note that so many rows are on disk."""
        write_text(self.note, json.dumps({"fingerprint": self.fingerprint, "rows": rows}) + "\n")


class Rows:
    """Fills the data sets of one file from the first row to the last; made by `fill`."""

    def __init__(
        self,
        path: Path,
        partial: Path,
        whole: Mapping[str, np.ndarray],
        by_row: Mapping[str, np.ndarray],
        attributes: Mapping[str, Any],
        state: State | None,
    ) -> None:
        self.count = len(whole["index"])
        self.filled = state.rows() if state else 0
        self._path, self._partial, self._state = path, partial, state
        self._whole, self._by_row, self._attributes = whole, by_row, attributes
        self._places: dict[str, int] = {}
        self._descriptor = -1
        self._noted = time.monotonic()
        self._progress = Progress(str(path), self.count, self.filled)

    def append(self, values: Mapping[str, np.ndarray]) -> None:
        """Store the next rows of every data set, each (n, ...); what the first ones hold decides the layout.

        With a state, ends the process after SIGTERM, its rows on disk.
        """
        count = len(next(iter(values.values())))
        if self.filled + count > self.count:
            raise ValueError(f"{self._path}: {self.count} images announced, {self.filled + count} written")
        if self._descriptor < 0:
            self._open(values)
        self._check(values, count)
        for name, array in values.items():
            self._write(name, array)
        self.filled += count
        self._progress.update(count)
        if self._state:
            self._note(self._state)

    def finish(self) -> None:
        """Check that every row is there; what has a state becomes the file at its place."""
        if self.filled != self.count:
            raise ValueError(f"{self._path}: {self.count} images announced, {self.filled} written")
        if self._descriptor < 0:
            self._open({})
        if self._state:
            self._move(self._state)

    def close(self) -> None:
        """Close the file."""
        self._progress.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _open(self, values: Mapping[str, np.ndarray]) -> None:
        self._by_row = {**self._by_row, **{name: array[:0] for name, array in values.items()}}
        if not self.filled:
            if self._state:
                self._state.clear()  # a file of its own: a job that was started twice must not fill this one
            self._lay_out()
        self._places = _read_layout(self._partial)
        self._descriptor = os.open(self._partial, os.O_RDWR)

    def _lay_out(self) -> None:
        with new_file(self._partial) as file:
            for name, values in self._whole.items():
                file[name] = values
            for name, row in self._by_row.items():
                _reserve(file, name, (self.count, *row.shape[1:]), row.dtype)
            for name, value in self._attributes.items():
                file.attrs[name] = value

    def _check(self, values: Mapping[str, np.ndarray], count: int) -> None:
        if values.keys() != self._by_row.keys():
            raise ValueError(f"{self._path}: rows hold {', '.join(self._by_row)}, not {', '.join(values)}")
        for name, row in self._by_row.items():
            wanted, found = (count, *row.shape[1:]), values[name]
            if found.shape != wanted or found.dtype != row.dtype:
                raise ValueError(f"{self._path}: '{name}' takes {row.dtype} {wanted}, not {found.dtype} {found.shape}")

    def _write(self, name: str, values: np.ndarray) -> None:
        rest = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
        place = self._places[name] + self.filled * math.prod(values.shape[1:]) * values.itemsize
        while rest:  # the operating system may take a part of it
            taken = os.pwrite(self._descriptor, rest, place)
            rest, place = rest[taken:], place + taken

    def _note(self, state: State) -> None:
        warned = preemption.requested() and self.filled < self.count
        if not warned and time.monotonic() - self._noted < state.seconds:
            return
        os.fsync(self._descriptor)  # the rows first: the note must never promise more than there is
        if self._lies_at(state):
            state.write(self.filled)
        self._noted = time.monotonic()
        if warned:
            preemption.leave(state.path)

    def _move(self, state: State) -> None:
        os.fsync(self._descriptor)
        if self._lies_at(state):
            os.replace(state.path, self._path)
            state.note.unlink(missing_ok=True)

    def _lies_at(self, state: State) -> bool:
        """Say whether the file lies where it is filled; not so if a twin of this job, at the same rows, has moved it.

        UserError where another job has begun a file of its own there.
        """
        here, moved = (_is_file_at(self._descriptor, path) for path in (state.path, self._path))
        if not here and not moved:
            raise UserError(f"{state.path}: another job has begun this file anew; leave the work to that one")
        return here


@contextmanager
def fill(
    path: Path,
    whole: Mapping[str, np.ndarray],
    by_row: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    state: State | None = None,
) -> Iterator[Rows]:
    """Yield the rows of a new HDF5 file; it appears at `path` when all are written.

    `whole` are data sets of N values that are known at the start, among them `index`; `by_row` gives those to be
    filled, as arrays without rows, to which the first rows may add others. With a state the file is filled there and
    the rows of an earlier attempt are kept: `filled` says how many.
    """
    path = Path(path)
    if state is None:
        with atomic_path(path) as partial, closing(Rows(path, partial, whole, by_row, attributes, None)) as rows:
            yield rows
            rows.finish()
        return
    try:
        _make_folders(path, state.path)
        with preemption.deferred(), closing(Rows(path, state.path, whole, by_row, attributes, state)) as rows:
            yield rows
            rows.finish()
    except OSError as error:
        raise UserError(f"{not_written(path, error)}, and {state.path} keeps what is done") from error


def _make_folders(path: Path, partial: Path) -> None:
    for folder in (path.parent, partial.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if path.parent.stat().st_dev != partial.parent.stat().st_dev:
        raise UserError(f"{partial}: lies on another file system than {path}; keep the results folder on one")


def _is_file_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _reserve(file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Make a data set in one piece, its place in the file fixed at once and nothing written there."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    file.create_dataset(name, shape, dtype, dcpl=settings)


def _read_layout(path: Path) -> dict[str, int]:
    """Return the byte position of every data set. Read through Python's file, which HDF5 does not try to lock."""
    places = {}

    def note(name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset):
            places[name] = found.id.get_offset() or 0  # none where there are no rows

    with open(path, "rb") as stream, h5py.File(stream, "r") as file:
        file.visititems(note)
    return places
