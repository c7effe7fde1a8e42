"""Whole files or none: written beside the target, synced, then moved over it."""

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from heterodox.errors import UserError


def _reason(error: OSError) -> str:
    # HDF5 reports a full disk as text inside an OSError that carries no errno.
    for number, reason in ((errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "quota exceeded")):
        if error.errno == number or f"errno = {number}," in str(error) or os.strerror(number) in str(error):
            return reason
    return error.strerror or str(error).splitlines()[0]


def not_written(path: Path, error: OSError) -> UserError:
    """Return the error to raise where the operating system refuses to write the file that is to be at `path`."""
    return UserError(f"{path}: not written, {_reason(error)}; an earlier file there is unchanged")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success it is synced to disk and replaces `path` at once.

    On any failure the sibling is removed and an existing `path` stays as it was.
    Raises UserError (path and reason) where the operating system refuses to write.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        with open(partial, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def partials(path: Path) -> list[Path]:
    """Return the siblings that killed processes left behind while they wrote `path`, and any being written now."""
    return list(path.parent.glob(f".{glob.escape(path.name)}.partial-*"))


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")
