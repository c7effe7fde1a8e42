"""Small public image sets through torchvision, which downloads them and checks their sums."""

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heterodox import torchvision_operators
from heterodox.datasets.image_sets import ImageSet, held_in_memory
from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path

SETS = ("MNIST", "FashionMNIST", "CIFAR10", "CIFAR100")
# Debian's package dataset-fashion-mnist: the official files, compressed anew, so torchvision's sums do not fit them.
DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the official train and test part of `data.name` from `data.folder`; the index is the official row.

    Raises UserError where the set is unknown, or is neither there nor to be had.
    """
    name, folder = data["name"], Path(data["folder"])
    if name not in SETS:
        raise UserError(f"data.name: '{name}' is unknown; there are {', '.join(SETS)}")
    if name == "FashionMNIST":
        _unpack_debian(folder / "FashionMNIST" / "raw")
    return {part: _part(name, folder, part == "train", bool(data.get("download"))) for part in ("train", "test")}


def _part(name: str, folder: Path, train: bool, download: bool) -> ImageSet:
    torchvision_operators.declare()
    from torchvision import datasets  # only now can it be imported

    try:
        found = getattr(datasets, name)(folder, train=train, download=download)
    except (RuntimeError, OSError) as error:
        remedy = "check the network" if download else "set data.download: true"
        raise UserError(f"{folder}: no complete {name} here; {remedy}, or copy its files here") from error
    images = np.asarray(found.data)
    images = images[..., None] if images.ndim == 3 else images
    return held_in_memory(images, np.asarray(found.targets, np.int64), np.arange(len(images)), list(found.classes))


def _unpack_debian(raw: Path) -> None:
    for packed in DEBIAN_FASHION_MNIST.glob("*.gz"):
        target = raw / packed.stem
        if not target.exists():
            with atomic_path(target) as partial, gzip.open(packed) as source, open(partial, "wb") as copy:
                shutil.copyfileobj(source, copy)
