"""Data that lies in the repository: image files under one folder, with their checksums beside them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heterodox.datasets.image_sets import ImageSet, held_in_memory
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile

CHECKSUMS = "SHA256SUMS"


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train, validation and test split of `data.name`, as they lie under `data.folder`.

    Raises UserError where the folder is missing or a file is not the one whose checksum was recorded.
    """
    folder = Path(data["folder"]) / data["name"]
    if not (folder / CHECKSUMS).is_file():
        raise UserError(f"{folder}: there is no embedded data set here; correct data.name")
    expected = dict(reversed(line.split()) for line in (folder / CHECKSUMS).read_text().splitlines())
    return {split: _read(folder / f"{split}.h5", expected) for split in ("train", "validation", "test")}


def _read(path: Path, expected: Mapping[str, str]) -> ImageSet:
    with ImageFile(path) as file:
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected.get(path.name):
            raise UserError(
                f"{path}: not the file whose checksum stands in {CHECKSUMS}; restore it from version control"
            )
        return held_in_memory(file.images(), file.labels, file.index, file.classes)
