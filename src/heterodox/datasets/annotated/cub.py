"""CUB-200-2011 (Wah et al. 2011): 200 species, 15 key points, 312 attributes; outlines of the birds where they lie.

`folder` is the published `CUB_200_2011`: images.txt, image_class_labels.txt, classes.txt, train_test_split.txt,
images/, parts/, attributes/, and, if there, segmentations/. attributes.txt lies in attributes/ or beside the folder.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.datasets.annotated import reading
from heterodox.datasets.annotated.annotated_sets import Annotated, AnnotatedSet, annotated_set
from heterodox.errors import UserError
from heterodox.storage.annotations import UNKNOWN

NOT_VISIBLE = 1  # the certainty of an annotator who could not see the attribute
WHOLE = "bird"


def official_parts(source: Mapping[str, Any], name: str, seed: int) -> dict[str, AnnotatedSet]:
    """Return the training and test images under `source.folder`, stretched to squares of `source.size` pixels.

    Classes are the species, `family` the last word of their names (gull, wren). Each of the 312 attributes is `absent`
    or `present` under its own name (`has_wing_pattern::striped`), unknown where the annotator did not see it; its group
    (`has_wing_pattern`) is an attribute too, whose value is known where exactly one is present. Key points bear the
    names of the parts. The index is the image's number in images.txt.
    """
    folder = reading.existing(Path(source["folder"]), "such folder")
    names = _numbered(folder / "images.txt")
    numbers = sorted(names)
    classes = [text.partition(".")[2] or text for _, text in sorted(_numbered(folder / "classes.txt").items())]
    of_class = _column(folder / "image_class_labels.txt", numbers)
    training = _column(folder / "train_test_split.txt", numbers) == 1
    values, attributes = _attributes(folder, numbers)
    families = sorted({_family(species) for species in classes})
    values["family"] = families
    attributes["family"] = np.array([families.index(_family(classes[place - 1])) for place in of_class])
    points = _points(folder, numbers)
    outlined = (folder / "segmentations").is_dir()

    def one(row: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        path = folder / "images" / names[numbers[row]]
        shape = reading.size_of(path)
        mask = None
        if outlined:
            outline = folder / "segmentations" / Path(names[numbers[row]]).with_suffix(".png")
            mask = reading.shrunk(reading.mask_file(outline, shape), source["size"])
        own = np.stack([points[part][row] for part in points]) if points else np.empty((0, 2))
        return reading.picture(path, source["size"]), mask, reading.stretched(own, shape, source["size"])

    def annotated(rows: np.ndarray) -> Annotated:
        images, masks, marked = zip(*reading.each(one, rows), strict=True)
        return Annotated(
            np.stack(images),
            {WHOLE: np.stack(masks)} if outlined else {},
            {part: np.stack(marked)[:, place] for place, part in enumerate(points)},
        )

    shape = (source["size"], source["size"], 3)
    whole = annotated_set(of_class - 1, np.array(numbers), classes, shape, values, attributes, annotated)
    return {"train": whole.subset(np.flatnonzero(training)), "test": whole.subset(np.flatnonzero(~training))}


def _family(species: str) -> str:
    return species.rpartition("_")[2].lower()


def _numbered(path: Path) -> dict[int, str]:
    """Return the lines `number name` of a file."""
    return {int(reading.numbers(row[:1], path)[0]): " ".join(row[1:]) for row in reading.table_rows(path, 2)}


def _column(path: Path, numbers: list[int]) -> np.ndarray:
    """Return the second number of the line that belongs to each image. UserError for an image without one."""
    found = {int(number): int(value) for number, value in (reading.numbers(row[:2], path) for row in
             reading.table_rows(path, 2))}  # fmt: skip
    missing = [number for number in numbers if number not in found]
    if missing:
        raise UserError(f"{path}: has no line for image {missing[0]}; unpack the published data set again")
    return np.array([found[number] for number in numbers])


def _points(folder: Path, numbers: list[int]) -> dict[str, np.ndarray]:
    """Return the key points of each part, (N, 2) in pixels of the original image, NaN where not visible."""
    parts = {number: name.replace(" ", "_") for number, name in _numbered(folder / "parts" / "parts.txt").items()}
    places = {number: row for row, number in enumerate(numbers)}
    points = {part: np.full((len(numbers), 2), np.nan) for part in parts.values()}
    path = folder / "parts" / "part_locs.txt"
    for row in reading.table_rows(path, 5):
        image, part, x, y, visible = reading.numbers(row[:5], path)
        if int(part) not in parts:
            raise UserError(f"{path}: part {part:g} of image {image:g} is not in parts.txt; unpack the data set again")
        if visible and image in places:
            points[parts[int(part)]][places[int(image)]] = x, y
    return points


def _attributes(folder: Path, numbers: list[int]) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
    """Return the values and the places of all attributes and of their groups."""
    listed = folder / "attributes" / "attributes.txt"
    names = _numbered(listed if listed.is_file() else folder.parent / "attributes.txt")
    places = {number: row for row, number in enumerate(numbers)}
    columns = {number: column for column, number in enumerate(sorted(names))}
    found = np.full((len(numbers), len(names)), UNKNOWN)
    path = folder / "attributes" / "image_attribute_labels.txt"
    for row in reading.table_rows(path, 4):  # some lines of the published file hold more
        image, attribute, present, certainty = (int(number) for number in reading.numbers(row[:4], path))
        if attribute not in columns:
            raise UserError(f"{path}: attribute {attribute} is not in attributes.txt; unpack the data set again")
        if image in places and certainty != NOT_VISIBLE:
            found[places[image], columns[attribute]] = present
    ordered = [names[number] for number in sorted(names)]
    values = {name: ["absent", "present"] for name in ordered}
    attributes = dict(zip(ordered, found.T, strict=True))
    for group, members in _groups(ordered).items():
        values[group] = [ordered[member].partition("::")[2] for member in members]
        one = (found[:, members] == 1).sum(1) == 1
        attributes[group] = np.where(one, (found[:, members] == 1).argmax(1), UNKNOWN)
    return values, attributes


def _groups(names: list[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        groups[name.partition("::")[0]].append(place)
    return groups
