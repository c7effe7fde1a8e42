"""Dumps: what one member says about one shift. Logits, and saliency maps as float16 with a float32 scale."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile
from heterodox.storage.rows import Rows, State, fill

ONE_AS_BITS = 0x3C00  # float16 1.0
SIGNED = "store |gradient| divided by the image's largest value, and that value as the scale"


class DumpFile(CheckedFile):
    """A readable dump. `labels` and `index` (N,) are in memory; logits and maps are read by rows."""

    what = "dump"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._logits = self._rows("logits", axes=2)
        if self._logits.dtype != np.float32:
            raise UserError(f"{self.path}: 'logits' must be float32 (N, classes), not {self._logits.dtype}")
        self.class_count: int = self._logits.shape[1]
        self._descriptor: int = self._file.id.get_vfd_handle() if self._file.driver == "sec2" else -1
        self._place = self.logits_offset() if self._descriptor >= 0 else None
        self._map_places: dict[str, np.ndarray | None] = {}
        self._scales: dict[str, np.ndarray] = {}
        if len(self) and not 0 <= self.labels.min() <= self.labels.max() < self.class_count:
            raise UserError(f"{self.path}: a label lies outside the {self.class_count} classes of its logits")

    def logits(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return the logits of rows start..stop, float32 (n, classes); UserError where one is not finite."""
        values = self._values(self._logits, start, stop)
        if not np.isfinite(values).all():
            raise self.not_finite("logits")
        return values

    def read_logits(self, start: int, stop: int, out: np.ndarray) -> None:
        """Read rows start..stop into `out`, float32 (stop - start, classes), unchecked: the caller looks for NaN.

        Logits in one uncompressed piece are taken from the file directly, past HDF5's lock: threads read at once,
        and a few rows cost no more than many.
        """
        if self._place is None:
            with self._reading():
                self._logits.read_direct(out, np.s_[start:stop])
        else:
            self._read_bytes(self._place + start * 4 * self.class_count, out)

    def _read_bytes(self, position: int, out: np.ndarray) -> None:
        rest = memoryview(out.data).cast("B")
        while rest:
            with self._reading():
                taken = os.preadv(self._descriptor, [rest], position)
            if not taken:
                raise UserError(f"{self.path}: ends before its last value (truncated); delete it and run again")
            rest, position = rest[taken:], position + taken

    def not_finite(self, name: str) -> UserError:
        """Return the error to raise for a NaN or infinity in this dump."""
        return UserError(f"{self.path}: '{name}' holds NaN or infinite values; the member is broken, train it again")

    def logits_offset(self) -> int | None:
        """Return the byte position of the logits if they lie in one uncompressed piece, else None."""
        return self._logits.id.get_offset() if self._logits.chunks is None else None

    def methods(self) -> list[str]:
        """Return the explanation methods whose maps this dump holds."""
        return sorted(self._file.get("saliency", {}))

    def map_shape(self, method: str) -> tuple[int, int, int]:
        """Return (channels, H, W) of the maps."""
        return self._stored_maps(method).shape[1:]

    def saliency(self, method: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return maps of rows start..stop as stored: float16 (n, channels, H, W) in [0, 1], largest value 1.

        UserError for values that no writer of ours leaves: see `read_saliency`.
        """
        maps = self._values(self._stored_maps(method), start, stop)
        self._check_maps(method, start, maps)
        return maps

    def read_saliency(self, method: str, start: int, stop: int, out: np.ndarray) -> None:
        """Read maps start..stop into `out`, float16 (stop - start, channels, H, W).

        Uncompressed maps are taken from the file directly, as logits are; neighbours in the file in one piece.
        UserError for values outside [0, 1] or not finite, and for a map without any value whose scale is not zero.
        """
        self._fill_with_maps(method, start, stop, out)
        self._check_maps(method, start, out)

    def _fill_with_maps(self, method: str, start: int, stop: int, out: np.ndarray) -> None:
        if method not in self._map_places:
            self._map_places[method] = self._places_of_maps(method)
        places = self._map_places[method]
        if places is None:
            with self._reading():
                self._stored_maps(method).read_direct(out, np.s_[start:stop])
            return
        breaks = np.flatnonzero(np.diff(places[start:stop]) != out[0].nbytes) + 1
        for rows in np.split(np.arange(start, stop), breaks):
            self._read_bytes(int(places[rows[0]]), out[rows[0] - start : rows[-1] + 1 - start])

    def _places_of_maps(self, method: str) -> np.ndarray | None:
        """Return the byte position (N,) of each map; None where HDF5 has to decode or assemble them."""
        maps = self._stored_maps(method)
        if self._descriptor < 0 or maps.id.get_create_plist().get_nfilters():
            return None
        places = np.full(len(self), -1)
        if maps.chunks is None and maps.id.get_offset() is not None:
            places = maps.id.get_offset() + np.arange(len(self)) * (maps.nbytes // max(1, len(self)))
        elif maps.chunks == (1, *maps.shape[1:]):

            def note(chunk: Any) -> None:
                places[chunk.chunk_offset[0]] = chunk.byte_offset

            with self._reading():
                maps.id.chunk_iter(note)
        return places if (places >= 0).all() else None

    def saliency_scale(self, method: str) -> np.ndarray:
        """Return the factor (N,) float32, at least 0, that turns each stored map into |gradient| per pixel unit."""
        if method not in self._scales:
            scale = self._values(self._rows(f"saliency_scale/{method}", axes=1))
            if not np.isfinite(scale).all():
                raise self.not_finite(f"saliency_scale/{method}")
            if (scale < 0).any():
                raise UserError(f"{self.path}: 'saliency_scale/{method}' holds negative values; {SIGNED}")
            self._scales[method] = scale
        return self._scales[method]

    def _stored_maps(self, method: str) -> h5py.Dataset:
        maps = self._rows(f"saliency/{method}", axes=4)
        if maps.dtype != np.float16:
            raise UserError(f"{self.path}: 'saliency/{method}' must be float16, not {maps.dtype}; {SIGNED}")
        return maps

    def _check_maps(self, method: str, start: int, maps: np.ndarray) -> None:
        # As whole numbers float16's bits sort NaN and everything negative above infinity, and that above 1: one
        # maximum, several times cheaper than comparing floats, finds them all.
        largest = maps.view(np.uint16).reshape(len(maps), -1).max(axis=1, initial=0)
        if (largest > ONE_AS_BITS).any():
            self._check_range(method, maps[largest > ONE_AS_BITS])
        empty = (largest == 0) & (self.saliency_scale(method)[start : start + len(maps)] != 0)
        if empty.any():
            raise UserError(
                f"{self.path}: the '{method}' map of image {start + int(empty.argmax())} is all zero but its scale is "
                "not; dump the member again"
            )

    def _check_range(self, method: str, maps: np.ndarray) -> None:
        if not np.isfinite(maps).all():
            raise self.not_finite(f"saliency/{method}")
        if maps.min() < 0 or maps.max() > 1:  # a zero with a minus sign is still a zero
            raise UserError(f"{self.path}: 'saliency/{method}' holds values outside 0 to 1; {SIGNED}")


class DumpWriter:
    """Fills a dump batch by batch; made by `write_dump`."""

    def __init__(self, rows: Rows, member: str) -> None:
        self._rows, self._member = rows, member

    @property
    def filled(self) -> int:
        """Return how many rows are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(self, logits: np.ndarray, maps: Mapping[str, np.ndarray] | None = None) -> None:
        """Store the next rows: logits (n, classes), and per method raw non-negative maps (n, channels, H, W).

        Each map is divided by its own maximum before it becomes float16, so nothing under- or overflows;
        an all-zero map keeps the scale 0. Raises UserError for values that are not finite.
        """
        if not np.isfinite(logits).all():
            raise UserError(f"{self._member}: its logits are not finite; train it again")
        values = {"logits": np.asarray(logits, np.float32)}
        for method, raw in (maps or {}).items():
            values |= self._scaled(method, np.asarray(raw, np.float32))
        self._rows.append(values)

    def _scaled(self, method: str, raw: np.ndarray) -> dict[str, np.ndarray]:
        if not np.isfinite(raw).all():
            raise UserError(f"{self._member}: a '{method}' map is not finite; train it again")
        scale = raw.max(axis=(1, 2, 3))
        unit = raw / np.where(scale > 0, scale, 1)[:, None, None, None]
        return {f"saliency/{method}": unit.astype(np.float16), f"saliency_scale/{method}": scale}


@contextmanager
def write_dump(
    path: Path,
    labels: np.ndarray,
    index: np.ndarray,
    class_count: int,
    attributes: Mapping[str, Any] | None = None,
    state: State | None = None,
) -> Iterator[DumpWriter]:
    """Open a new dump for writing; the file appears at `path` only when every row was appended.

    With a state, a later attempt goes on where a killed one was: the writer says how many rows are `filled`.
    """
    attributes = attributes or {}
    whole = {"labels": np.asarray(labels, np.int64), "index": np.asarray(index, np.int64)}
    by_row = {"logits": np.empty((0, class_count), np.float32)}
    with fill(path, whole, by_row, attributes, state) as rows:
        yield DumpWriter(rows, attributes.get("member", "member"))


@contextmanager
def open_dumps(paths: Sequence[Path]) -> Iterator[list[DumpFile]]:
    """Open the dumps of a pool on one shift and check that they speak of the same images and classes."""
    with ExitStack() as stack:
        dumps = [stack.enter_context(DumpFile(path)) for path in paths]
        for dump in dumps[1:]:
            _check_same(dumps[0], dump)
        yield dumps


def _check_same(first: DumpFile, other: DumpFile) -> None:
    if other.class_count != first.class_count:
        raise UserError(
            f"{other.path}: {other.class_count} classes, but {first.path} has {first.class_count}; "
            "members of one pool must share their classes"
        )
    if not np.array_equal(other.index, first.index):
        raise UserError(
            f"{other.path}: other images, or another order of images, than {first.path}; dump both from the same file"
        )
    if not np.array_equal(other.labels, first.labels):
        raise UserError(
            f"{other.path}: other labels than {first.path} for the same images; dump both from the same file"
        )
