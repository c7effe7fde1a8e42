"""PartImageNet (He et al. 2022): parts of animals and things in ImageNet's images, as COCO files.

`folder` holds train.json, val.json and test.json, beside them or in `annotations/`, and the images in train/, val/ and
test/, beside them or in `images/`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.datasets.annotated import reading
from heterodox.datasets.annotated.annotated_sets import Annotated, AnnotatedSet, annotated_set
from heterodox.errors import UserError

FILES = {"train": "train", "validation": "val", "test": "test"}


def official_parts(source: Mapping[str, Any], name: str, seed: int) -> dict[str, AnnotatedSet]:
    """Return the images of one kind of object, `source.super_category` (Bird), as squares of `source.size` pixels.

    The masks are its parts (head, body, wing, foot, tail), all instances in an image together; a key point is the
    centroid of a mask. Classes are the WordNet ids that the files' names begin with; nothing is told of attributes.
    The index is the image's number, counted on from split to split.
    """
    folder = reading.existing(Path(source["folder"]), "such folder")
    kind = source.get("super_category", "Bird")
    files = {split: _Annotations(folder, word, kind) for split, word in FILES.items()}
    classes = sorted({image["file_name"].rpartition("/")[2].partition("_")[0] for file in files.values()
                      for image in file.images})  # fmt: skip
    parts = sorted({part for file in files.values() for part in file.parts.values()})
    found, first = {}, 0
    for split, file in files.items():
        found[split] = _part(file, classes, parts, source["size"], first)
        first += len(file.images)
    return found


class _Annotations:
    """One COCO file: the images that show the wanted kind of object, and the outlines of its parts."""

    def __init__(self, folder: Path, word: str, kind: str) -> None:
        self.path = _first([folder / f"{word}.json", folder / "annotations" / f"{word}.json",
                            folder / "annotations" / word / f"{word}.json"], "such annotation file")  # fmt: skip
        self.folder = _first([folder / "images" / word, folder / word], "folder of its images")
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            self.parts = {
                category["id"]: _part_name(category["name"], kind)
                for category in content["categories"]
                if category["supercategory"] == kind
            }
            self.outlines: dict[int, list[dict[str, Any]]] = defaultdict(list)
            for outline in content["annotations"]:
                if outline["category_id"] in self.parts:
                    self.outlines[outline["image_id"]].append(outline)
            self.images = [image for image in content["images"] if image["id"] in self.outlines]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.path}: not a readable COCO file ({error!r}); unpack the data set again") from error
        if not self.images:
            raise UserError(f"{self.path}: has no image of supercategory {kind}; correct super_category")

    def image(self, row: int) -> Path:
        """Return the file of an image."""
        name = self.images[row]["file_name"]
        return _first([self.folder / name, self.folder / Path(name).name], "such image")

    def masks(self, row: int, parts: list[str], shape: tuple[int, int]) -> np.ndarray:
        """Return the masks of the parts at the image's own size, bool (parts, H, W)."""
        image = self.images[row]
        if (image["width"], image["height"]) != shape:
            raise UserError(
                f"{self.image(row)}: has {shape[0]} x {shape[1]} pixels, {self.path.name} says {image['width']} x "
                f"{image['height']}; replace it"
            )
        found = np.zeros((len(parts), shape[1], shape[0]), bool)
        for outline in self.outlines[image["id"]]:
            where = f"{self.path}: annotation {outline.get('id')}"
            found[parts.index(self.parts[outline["category_id"]])] |= _outlined(outline["segmentation"], shape, where)
        return found


def _first(candidates: list[Path], what: str) -> Path:
    for path in candidates:
        if path.exists():
            return path
    raise UserError(f"{candidates[0]}: there is no {what}; put the published data set there or correct `folder`")


def _part_name(category: str, kind: str) -> str:
    return category.removeprefix(kind).strip().lower().replace(" ", "_")


def _outlined(outline: Any, shape: tuple[int, int], where: str) -> np.ndarray:
    """Return the mask, bool (H, W), of a list of polygons or of run lengths."""
    try:
        if isinstance(outline, dict):
            if tuple(outline["size"]) != shape[::-1]:
                raise UserError(f"{where}: a mask of {outline['size']} for an image of {list(shape[::-1])}; replace it")
            return reading.run_lengths(outline["counts"], shape, where)
        masks = [reading.polygon(points, shape) for points in outline]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{where}: no polygons and no run lengths; unpack the data set again") from error
    return np.logical_or.reduce(masks) if masks else np.zeros(shape[::-1], bool)


def _part(file: _Annotations, classes: list[str], parts: list[str], size: int, first: int) -> AnnotatedSet:
    def one(row: int) -> tuple[np.ndarray, np.ndarray]:
        path = file.image(row)
        masks = file.masks(row, parts, reading.size_of(path))
        return reading.picture(path, size), np.stack([reading.shrunk(mask, size) for mask in masks])

    def annotated(rows: np.ndarray) -> Annotated:
        pictures, masks = zip(*reading.each(one, rows), strict=True)
        by_name = dict(zip(parts, np.stack(masks).swapaxes(0, 1), strict=True))
        points = {part: np.stack([reading.centroid(mask) for mask in own]) for part, own in by_name.items()}
        return Annotated(np.stack(pictures), by_name, points)

    labels = [classes.index(image["file_name"].rpartition("/")[2].partition("_")[0]) for image in file.images]
    index = first + np.arange(len(labels))
    return annotated_set(np.array(labels), index, classes, (size, size, 3), {}, {}, annotated)
