"""Data by source: every module of this folder that has `official_parts` is one."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from heterodox.datasets.image_sets import ImageSet, at_most, hold_out
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile


def names() -> list[str]:
    """Return the names of all sources: the files of this folder that define `official_parts`."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [file.stem for file in files if "\ndef official_parts(" in file.read_text(encoding="utf-8")]


def load(source: str) -> ModuleType:
    """Return the module of a source; UserError for a name that has none."""
    if source not in names():
        raise UserError(f"data.source: '{source}' is unknown; there are {', '.join(names())}")
    return import_module(f"heterodox.datasets.{source}")


def splits(data: Mapping[str, Any], dataset: str, seed: int) -> dict[str, ImageSet]:
    """Return the train, validation and test split that the study's `data` section describes."""
    return divide(load(data["source"]).official_parts(data), data, dataset, seed)


def divide(
    official_parts: Mapping[str, ImageSet], data: Mapping[str, Any], dataset: str, seed: int
) -> dict[str, ImageSet]:
    """Return the train, validation and test split that a study makes of a source's official parts.

    A source that comes without a validation split has it held out of its training images. Without training images
    (`train: null`, a study of pretrained members) it is held out of the test images, which then lack it, and the
    training split is empty. `most` limits each split to that many images, the same share of every class.
    """
    parts = dict(official_parts)
    if "validation" not in parts:
        origin = "train" if "train" in parts else "test"
        if data.get("validation") is None:
            raise UserError("data.validation: missing; give the number or fraction of images to hold out")
        parts[origin], parts["validation"] = hold_out(parts[origin], data["validation"], seed, dataset)
    parts.setdefault("train", parts["test"].subset(np.arange(0)))
    return parts | {
        split: at_most(parts[split], count, seed, f"{dataset} {split}") for split, count in data.get("most", {}).items()
    }


def prepare(data: Mapping[str, Any], dataset: str, seed: int, paths: Mapping[str, Path]) -> None:
    """Write the splits named in `paths` (train, validation, test) as image files."""
    parts = splits(data, dataset, seed)
    for split, path in paths.items():
        parts[split].write(path, {"dataset": dataset, "split": split, "seed": seed, "source": data["source"]})


def prepare_natural_shift(data: Mapping[str, Any], dataset: str, shift: str, test: Path, target: Path) -> None:
    """Write a second, natural test set as a shift of `test`, with the labels of the same classes.

    Raises UserError where its classes or its image shape are not those of `test`.
    """
    source = load(data["source"])
    if not hasattr(source, "second_test_set"):
        raise UserError(f"natural_shifts.{shift}.source: '{data['source']}' has none; use image_folder")
    with ImageFile(test) as images:
        classes, shape = images.classes, images.image_shape
    natural = source.second_test_set(data, classes)
    if natural.shape != shape:
        raise UserError(f"natural_shifts.{shift}: images of {natural.shape}, but {test} holds {shape}; set its crop")
    natural.write(target, {"dataset": dataset, "shift": shift, "source": data["source"]})
