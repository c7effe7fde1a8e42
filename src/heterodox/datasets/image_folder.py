"""Image files in one folder per class, as ImageNet is usually laid out."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heterodox.datasets.image_sets import ImageSet
from heterodox.errors import UserError

WORDNET_ID = re.compile(r"n[0-9]{8}")
ENDINGS = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train and test part under `data.folder`: `train/`, and `val/` or `test/`, or as these keys say.

    `train: null` leaves the training images out. The index is the image's place in its part: classes in order of
    their names (of their numbers, if all names are numbers), files in order of theirs.
    Raises UserError where a folder is missing or the two parts do not have the same classes.
    """
    parts = {part: _image_set(path, data) for part, path in part_folders(data).items()}
    if "train" in parts and parts["train"].classes != parts["test"].classes:
        raise UserError(
            f"{data['folder']}: the class folders of the training and test images differ; make them the same"
        )
    return parts


def part_folders(data: Mapping[str, Any]) -> dict[str, Path]:
    """Return where the test and, unless `train` is null, the training images lie; UserError where that is not clear."""
    folder = _existing(Path(data["folder"]))
    parts = {"test": folder / (data.get("test") or _test_folder(folder))}
    train = data.get("train", "train")
    return parts if train is None else parts | {"train": _existing(folder / train)}


def second_test_set(data: Mapping[str, Any], classes: list[str]) -> ImageSet:
    """Return the images under `data.folder`, one folder per class, labelled by their place in `classes`.

    The folders bear the names of the classes or, as those of ImageNet-V2 do, their numbers 0..C-1. Numbers are taken
    only where they can mean one order: the classes are WordNet ids in order, or numbers themselves.
    """
    folder = Path(data["folder"])
    found = _class_names(folder)
    if found == [str(number) for number in range(len(classes))]:
        if not _numbered(classes):
            raise UserError(
                f"{folder}: its class folders are numbers, but nothing tells which of the classes of the test images "
                f"({classes[0]}, ...) each means; name them alike"
            )
        return _image_set(folder, data, found, classes)
    if set(found) != set(classes):
        example = sorted(set(found) ^ set(classes))[0]
        raise UserError(
            f"{folder}: its {len(found)} class folders are not the {len(classes)} classes of the test images, "
            f"for example '{example}'; name them alike"
        )
    return _image_set(folder, data, classes, classes)


def _numbered(classes: list[str]) -> bool:
    """Say whether the numbers 0..C-1 stand for `classes` beyond doubt."""
    if all(name.isdecimal() for name in classes):
        return [int(name) for name in classes] == list(range(len(classes)))
    return classes == sorted(classes) and all(WORDNET_ID.fullmatch(name) for name in classes)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; create it or correct the config")
    return folder


def _test_folder(folder: Path) -> str:
    present = [name for name in ("val", "test") if (folder / name).is_dir()]
    if len(present) != 1:
        fault = "has both val/ and test/" if present else "has neither val/ nor test/"
        raise UserError(f"{folder}: {fault}; name the folder of the test images in data.test")
    return present[0]


def _class_names(folder: Path) -> list[str]:
    found = [entry.name for entry in _existing(folder).iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    if not found:
        raise UserError(f"{folder}: there are no class folders here; put the images of each class in one of their own")
    return sorted(found, key=int) if all(name.isdecimal() for name in found) else sorted(found)


def _image_set(
    folder: Path, data: Mapping[str, Any], folders: Sequence[str] | None = None, classes: Sequence[str] | None = None
) -> ImageSet:
    folders = folders or _class_names(folder)
    files = [sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in ENDINGS) for name in folders]
    paths = [path for group in files for path in group]
    if not paths:
        raise UserError(f"{folder}: there are no images in its class folders; it takes {', '.join(sorted(ENDINGS))}")
    resize, crop = _sides(data)

    def read(rows: np.ndarray) -> np.ndarray:
        with ThreadPoolExecutor() as pool:  # decoding and resizing run outside Python's lock
            return np.stack(list(pool.map(lambda row: _read_image(paths[row], resize, crop), rows)))

    labels = np.repeat(np.arange(len(folders)), [len(group) for group in files])
    return ImageSet(labels, np.arange(len(paths)), list(classes or folders), (crop, crop, 3), read)


def _sides(data: Mapping[str, Any]) -> tuple[int, int]:
    resize, crop = data.get("resize"), data.get("crop")
    if resize is None or crop is None or not 0 < crop <= resize:
        raise UserError(f"{data['folder']}: needs resize and crop, in pixels, crop no larger; not {resize} and {crop}")
    return resize, crop


def _read_image(path: Path, resize: int, crop: int) -> np.ndarray:
    """Return the image, its shorter side resized to `resize` pixels (bilinear, antialiased), its centre cut out."""
    image = opened(path)
    width, height = image.size
    shorter = min(width, height)
    image = image.resize((resize * width // shorter, resize * height // shorter), Image.Resampling.BILINEAR)
    left, top = round((image.width - crop) / 2), round((image.height - crop) / 2)
    return np.asarray(image.crop((left, top, left + crop, top + crop)))


def opened(path: Path) -> Image.Image:
    """Return the image in RGB; UserError where it cannot be read."""
    try:
        with Image.open(path) as file:
            return file.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow raises all of these
        raise UserError(f"{path}: not a readable image; replace or remove it") from error
