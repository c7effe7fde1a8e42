"""What image files and dumps share: a full disk while writing, a clear error when opening, checks at every read."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from heterodox.errors import UserError

LOCKED = (
    "HDF5 may not lock it (another program holds a lock, or the file system gives none), and "
    "HDF5_USE_FILE_LOCKING insists; set HDF5_USE_FILE_LOCKING=FALSE, which is safe for finished files"
)


class Disk(io.FileIO):
    """A file that remembers its first failure and from then on takes everything and keeps nothing.

    HDF5 cannot leave a file whose disk is full: it complains for every piece it still holds and may crash at exit. So
    it never hears of the failure; `check` raises it where Python can handle it.
    """

    failure: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of `content`; the operating system may take a part of it and fail with the next."""
        rest = memoryview(content).cast("B")
        size = len(rest)
        while len(rest) and self.failure is None:
            try:
                rest = rest[super().write(rest) :]
            except OSError as error:
                self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the file's length; HDF5 asks for it as it closes."""
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0

    def check(self) -> None:
        """Raise the OSError of the first failed write, if there was one."""
        if self.failure is not None:
            raise self.failure


@contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file to be written at `path`; OSError where the disk does not take it."""
    with Disk(path, "w+") as disk:
        try:
            with h5py.File(disk, "w") as file:
                yield file
        finally:
            disk.check()  # whatever else went wrong, a full disk is the cause to name


def open_for_reading(path: Path, what: str) -> h5py.File:
    """Open an HDF5 file; UserError where it is missing, truncated, no HDF5 or locked.

    A file here never changes once it has its name, so no lock is asked for: network file systems may have none to give.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: there is no such {what}; create it or correct the path")
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "locking flag values don't match" in str(error):  # this process has it open as h5py does by default
            return h5py.File(path, "r")
        if "unable to lock file" in str(error):
            raise UserError(f"{path}: {LOCKED}") from error
        raise UserError(f"{path}: not a readable HDF5 file (truncated or damaged); delete it and run again") from error


class CheckedFile:
    """An open HDF5 file whose data sets all have the same first length N, with `labels` and `index` in memory."""

    what = "file"

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file = open_for_reading(self.path, self.what)
        try:
            self.labels = self._vector("labels")
            self.index = self._vector("index")
            if len(self.labels) != len(self.index):
                raise UserError(
                    f"{self.path}: {len(self.labels)} labels but {len(self.index)} indices; delete it and run again"
                )
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Return the number of images N."""
        return len(self.labels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the file's attributes as plain Python values."""
        return {
            name: value.item() if isinstance(value, np.generic) else value for name, value in self._file.attrs.items()
        }

    def _dataset(self, name: str) -> h5py.Dataset:
        found = self._file.get(name)
        if not isinstance(found, h5py.Dataset):
            raise UserError(f"{self.path}: holds no data set '{name}'; delete it and run again")
        return found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn what HDF5 or the operating system says about a damaged file into one line with its path."""
        try:
            yield
        except (OSError, RuntimeError) as error:  # HDF5 reports damage below a data set as either
            raise UserError(f"{self.path}: damaged, its values cannot be read; delete it and run again") from error

    def _values(self, dataset: h5py.Dataset, start: int = 0, stop: int | None = None) -> np.ndarray:
        with self._reading():
            return dataset[start:stop]

    def _vector(self, name: str) -> np.ndarray:
        dataset = self._dataset(name)
        if dataset.ndim != 1 or dataset.dtype.kind not in "iu":
            raise UserError(f"{self.path}: '{name}' must be a vector of integers, not {dataset.shape} {dataset.dtype}")
        return self._values(dataset).astype(np.int64)

    def _rows(self, name: str, axes: int) -> h5py.Dataset:
        dataset = self._dataset(name)
        if dataset.ndim != axes or dataset.shape[0] != len(self):
            raise UserError(
                f"{self.path}: '{name}' has shape {dataset.shape}, expected {axes} axes with {len(self)} images first"
            )
        return dataset
