"""What a job should know of a folder of images that it reads but that no rule makes."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

DEPTH = 2  # train/ and val/, and a folder per class below them


def _folders(folder: Path, depth: int) -> Iterator[tuple[str, int]]:
    yield folder.name, folder.stat().st_mtime_ns
    if depth:
        with os.scandir(folder) as entries:
            below = sorted(entry.name for entry in entries if entry.is_dir())
        for name in below:
            yield from _folders(folder / name, depth - 1)


def state(folder: Path) -> str:
    """Return a digest of the names and times of a folder and the class folders in it; `missing` if there is none.

    A file that is added, removed or renamed changes its folder's time, and a copy made with its times kept is the
    same. Only an image overwritten in place goes unnoticed: looking at each of a million files would slow every call.
    """
    if not folder.is_dir():
        return "missing"
    below = list(_folders(folder, DEPTH))[1:]  # the folder's own name and place do not matter
    return hashlib.sha256(json.dumps(below).encode()).hexdigest()[:16]
