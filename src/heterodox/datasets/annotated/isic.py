"""ISIC-2018, task 2 (Codella et al. 2019): lesions of the skin with one mask for each of five attributes.

`folder` holds the published folders: ISIC2018_Task1-2_Training_Input and ISIC2018_Task2_Training_GroundTruth_v3, and
the like for Validation and Test where they are there; without those, test images are held out of the training images.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.datasets.annotated import reading
from heterodox.datasets.annotated.annotated_sets import Annotated, AnnotatedSet, annotated_set
from heterodox.datasets.image_sets import hold_out
from heterodox.errors import UserError

ATTRIBUTES = ("globules", "milia_like_cyst", "negative_network", "pigment_network", "streaks")
SPLITS = {"train": "Training", "validation": "Validation", "test": "Test"}
TESTED = 0.2  # of the training images, where the published test images are not there


def official_parts(source: Mapping[str, Any], name: str, seed: int) -> dict[str, AnnotatedSet]:
    """Return the splits under `source.folder`, stretched to squares of `source.size` pixels.

    All images are of one class, `lesion`. Each attribute is `present` where its published mask is not empty. The key
    point of an attribute is the centroid of its mask. The index is the number in the image's name.
    """
    folder = reading.existing(Path(source["folder"]), "such folder")
    parts = {}
    for split, word in SPLITS.items():
        images = folder / f"ISIC2018_Task1-2_{word}_Input"
        masks = sorted(folder.glob(f"ISIC2018_Task2_{word}_GroundTruth*"))
        if images.is_dir() and masks:
            parts[split] = _part(images, masks[-1], source["size"])
    if "train" not in parts:
        raise UserError(f"{folder}: holds no ISIC2018_Task1-2_Training_Input with its ground truth; unpack them there")
    if "test" not in parts:
        amount = source.get("images", {}).get("test", TESTED)
        parts["train"], parts["test"] = hold_out(
            parts["train"], amount, seed, f"{name} test", f"sources.{name}.images.test"
        )
    return parts


def _part(images: Path, masks: Path, size: int) -> AnnotatedSet:
    paths = sorted(images.glob("ISIC_*.jpg"))
    if not paths:
        raise UserError(f"{images}: there are no images ISIC_*.jpg here; unpack the published data set again")
    present = np.array(reading.each(lambda row: _marks(paths[row], masks).any((1, 2)), np.arange(len(paths))))

    def one(row: int) -> tuple[np.ndarray, np.ndarray]:
        marks = _marks(paths[row], masks)
        return reading.picture(paths[row], size), np.stack([reading.shrunk(mark, size) for mark in marks])

    def annotated(rows: np.ndarray) -> Annotated:
        pictures, marks = zip(*reading.each(one, rows), strict=True)
        by_name = dict(zip(ATTRIBUTES, np.stack(marks).swapaxes(0, 1), strict=True))
        points = {name: np.stack([reading.centroid(mask) for mask in own]) for name, own in by_name.items()}
        return Annotated(np.stack(pictures), by_name, points)

    return annotated_set(
        np.zeros(len(paths), np.int64),
        np.array([_number(path) for path in paths]),
        ["lesion"],
        (size, size, 3),
        dict.fromkeys(ATTRIBUTES, ("absent", "present")),
        dict(zip(ATTRIBUTES, present.astype(np.int64).T, strict=True)),
        annotated,
    )


def _number(path: Path) -> int:
    number = path.stem.partition("_")[2]
    if not number.isdecimal():
        raise UserError(f"{path}: its name is not ISIC_ and a number; remove it")
    return int(number)


def _marks(image: Path, masks: Path) -> np.ndarray:
    """Return the masks of all attributes at the image's own size, bool (5, H, W)."""
    shape = reading.size_of(image)
    return np.stack([reading.mask_file(masks / f"{image.stem}_attribute_{name}.png", shape) for name in ATTRIBUTES])
