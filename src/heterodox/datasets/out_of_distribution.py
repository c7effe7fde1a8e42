"""In-distribution (InD) and out-of-distribution (OoD) images: what a network learns, and what is strange to it."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heterodox.datasets.image_sets import ImageSet, at_most, hold_out
from heterodox.datasets.interface import load
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile

log = logging.getLogger(__name__)

HELD_OUT = "held_out"
PARTS = ("validation", "test")
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


def image_set(file: ImageFile) -> ImageSet:
    """Return an open image file as a set that reads from it."""
    return ImageSet(file.labels, file.index, file.classes, file.image_shape, file.at)


def without_classes(images: ImageSet, held_out: Sequence[str], where: str) -> tuple[ImageSet, ImageSet]:
    """Return (the images of the remaining classes, numbered anew in their order; those of the classes held out).

    UserError, beginning with `where`, for a class that is not there and where fewer than two remain.
    """
    unknown = [name for name in held_out if name not in images.classes]
    if unknown:
        raise UserError(f"{where}: there is no class {unknown[0]!r}; there are {', '.join(images.classes)}")
    remaining = [name for name in images.classes if name not in held_out]
    if len(remaining) < 2:
        raise UserError(f"{where}: leaves {len(remaining)} classes to learn; hold out fewer, two have to remain")
    number = np.array([remaining.index(name) if name in remaining else -1 for name in images.classes])
    inside = number[images.labels] >= 0
    known, strange = images.subset(np.flatnonzero(inside)), images.subset(np.flatnonzero(~inside))
    return replace(known, labels=number[known.labels], classes=remaining), strange


def alike(images: ImageSet, shape: tuple[int, int, int]) -> ImageSet:
    """Return the images with `shape` (H, W, channels): grey or coloured as that says, resized (bilinear, antialiased).

    Grey levels stand in every channel of a colour image; a colour image becomes its luminance.
    """
    if images.shape == shape:
        return images
    return replace(images, shape=shape, read=lambda rows: np.stack([_fitted(one, shape) for one in images.read(rows)]))


def _fitted(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    height, width, channels = shape
    if image.shape[2] == 3 and channels == 1:
        image = (image @ LUMINANCE)[..., None].round().astype(np.uint8)
    image = np.broadcast_to(image, (*image.shape[:2], channels))
    if image.shape[:2] == (height, width):
        return image
    planes = [Image.fromarray(np.ascontiguousarray(image[..., channel])) for channel in range(channels)]
    sized = [np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes]
    return np.stack(sized, axis=2)


def check_strange(name: str, found: ImageSet, known: Sequence[str], where: str) -> None:
    """Raise UserError, beginning with `where`, if an OoD set has images of a class of the known ones, by its name."""
    own = {found.classes[label].strip().lower() for label in np.unique(found.labels)}
    shared = [one for one in known if one.strip().lower() in own]
    if shared:
        raise UserError(
            f"{where}: the set {name!r} shares the class {shared[0]!r} with the data set; drop the set or hold the "
            "class out"
        )


def test_part(entry: Mapping[str, Any], shape: tuple[int, int, int], known: Mapping[str, Any]) -> ImageSet:
    """Return the official test part of an OoD entry's source, with the InD `shape` (H, W, channels).

    What the entry leaves open of `resize` and `crop` is as in `known`, by which the InD images were made: of another
    crop, objects would be larger or smaller, which is no strangeness that counts. InD images that were not cut: None.
    """
    size = {name: known[name] or shape[0] for name in ("resize", "crop")} | {"train": None}
    return alike(load(entry["source"]).official_parts({**size, **entry})["test"], shape)


def divided(
    sets: Mapping[str, ImageSet], near: Mapping[str, ImageSet], counts: Mapping[str, int], seed: int
) -> dict[str, dict[str, ImageSet]]:
    """Return for both parts, validation and test, the OoD sets by name, all with the same number of images.

    Each of `sets` is divided in two halves, every class its share; `near` are those that come divided, by part. Of each
    a part takes `counts` images, or as many as the smallest set has. Which ones depends on seed, name and class alone.
    UserError where a set has fewer than two images.
    """
    halves: dict[str, dict[str, ImageSet]] = {part: {} for part in PARTS}
    for name, images in sets.items():
        if len(images) < 2:
            raise UserError(f"pruning.ood.{name}: has {len(images)} images; two at least, for validation and for test")
        halves["test"][name], halves["validation"][name] = hold_out(images, 0.5, seed, f"ood {name}")
    for part, images in near.items():
        halves[part] = {HELD_OUT: images} | halves[part]
    return {part: _equal_shares(found, counts[part], seed, part) for part, found in halves.items()}


def _equal_shares(sets: dict[str, ImageSet], count: int, seed: int, part: str) -> dict[str, ImageSet]:
    smallest = min(sets, key=lambda name: len(sets[name]))
    if len(sets[smallest]) < count:
        log.info("%s: each set gives %d images, as many as %s has", part, len(sets[smallest]), smallest)
        count = len(sets[smallest])
    return {name: at_most(images, count, seed, f"ood {part} {name}") for name, images in sets.items()}


def joined(sets: Mapping[str, ImageSet]) -> ImageSet:
    """Return all sets as one, one after another: the labels number the sets, whose names are the classes."""
    parts = list(sets.values())
    ends = np.cumsum([len(images) for images in parts])
    labels = np.repeat(np.arange(len(parts)), [len(images) for images in parts])

    def read(rows: np.ndarray) -> np.ndarray:
        starts = ends[labels[rows]] - [len(parts[label]) for label in labels[rows]]
        found = np.empty((len(rows), *parts[0].shape), np.uint8)
        for number, images in enumerate(parts):
            own = labels[rows] == number
            if own.any():
                found[own] = images.read((rows - starts)[own])
        return found

    return ImageSet(labels, np.concatenate([images.index for images in parts]), list(sets), parts[0].shape, read)


def prepare(
    config: Mapping[str, Any], splits: Mapping[str, Path], targets: Mapping[str, Path], seed: int, dataset: str
) -> None:
    """Write the InD splits and both OoD parts: train, validation, test, ood_validation and ood_test of `targets`.

    `splits` are the files of the data set's train, validation and test split; `config` has `held_out`, `ood`,
    `ood_images`, and in `data` how the data set's images were resized and cropped. Raises UserError as the functions
    above do.
    """
    held_out, attributes = config["held_out"], {"dataset": dataset, "seed": seed}
    with ExitStack() as opened:
        known, near = {}, {}
        for split, path in splits.items():
            images = image_set(opened.enter_context(ImageFile(path)))
            known[split], near[split] = without_classes(images, held_out, "config: pruning.held_out")
        strange = {}
        for name, entry in config["ood"].items():
            strange[name] = test_part(entry, known["test"].shape, config["data"])
            check_strange(name, strange[name], known["test"].classes, f"config: pruning.ood.{name}")
        apart = {part: near[part] for part in PARTS} if held_out else {}
        parts = divided(strange, apart, config["ood_images"], seed)
        for split, images in known.items():
            images.write(targets[split], {**attributes, "split": split})
        for part, sets in parts.items():
            joined(sets).write(targets[f"ood_{part}"], {**attributes, "split": f"ood_{part}"})
