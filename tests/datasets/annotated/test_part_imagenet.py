"""PartImageNet in its published layout: COCO files beside folders of images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heterodox.datasets.annotated import interface, part_imagenet
from heterodox.errors import UserError

CATEGORIES = [
    {"id": 0, "name": "Quadruped Head", "supercategory": "Quadruped"},
    {"id": 3, "name": "Bird Head", "supercategory": "Bird"},
    {"id": 4, "name": "Bird Wing", "supercategory": "Bird"},
]
# The left half of 12 x 8 pixels, column by column, and the two lowest rows of the third column.
HALF = {"size": [8, 12], "counts": [0, 48, 48]}
LEFT = [[0, 0, 6, 0, 6, 8, 0, 8]]
SPECK = [[2, 6, 3, 6, 3, 8, 2, 8]]


def content(offset: int) -> dict[str, Any]:
    names = [f"n0151{offset}_1.JPEG", f"n0153_{offset}.JPEG", "n02_9.JPEG"]
    images = [
        {"id": place, "file_name": name, "width": 12, "height": 8} for place, name in enumerate(names, 10 * offset)
    ]
    first = 10 * offset
    outlines = [(first, 4, LEFT), (first, 4, SPECK), (first + 1, 3, HALF), (first + 1, 4, SPECK), (first + 2, 0, LEFT)]
    annotations = [
        {"id": place, "image_id": image, "category_id": category, "segmentation": outline}
        for place, (image, category, outline) in enumerate(outlines)
    ]
    return {"images": images, "annotations": annotations, "categories": CATEGORIES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for offset, word in enumerate(("train", "val", "test")):
        (tmp_path / word).mkdir()
        found = content(offset)
        (tmp_path / f"{word}.json").write_text(json.dumps(found))
        for image in found["images"]:
            Image.new("RGB", (12, 8), (30, 60, 90)).save(tmp_path / word / image["file_name"])
    return tmp_path


def test_birds_are_read_with_their_parts_and_nothing_else(folder: Path) -> None:
    source = {"source": "part_imagenet", "folder": folder, "size": 4, "super_category": "Bird"}
    parts = interface.splits(source, "parts", 1)
    assert {split: part.index.tolist() for split, part in parts.items()} == {
        "train": [0, 1],
        "validation": [2, 3],
        "test": [4, 5],
    }
    test = parts["test"]
    assert test.classes == ["n01510", "n01511", "n01512", "n0153"]
    assert test.labels.tolist() == [2, 3]
    assert test.attributes == {}
    found = test.annotated(np.arange(2))
    left = np.zeros((4, 4), bool)
    left[:, :2] = True
    speck = np.zeros((4, 4), bool)
    speck[3, 0] = True  # a third of a pixel, which would vanish
    np.testing.assert_array_equal(found.masks["wing"], [left, speck])
    np.testing.assert_array_equal(found.masks["head"], [left * False, left])
    np.testing.assert_allclose(found.key_points["wing"], [[0.5, 1.5], [0, 3]])
    assert np.isnan(found.key_points["head"][0]).all()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda found: found.pop("images"), r"val\.json: not a readable COCO file \(KeyError\('images'\)\)"),
        (lambda found: found.update(annotations=[]), r"val\.json: has no image of supercategory Bird"),
        (
            lambda found: found["annotations"][2]["segmentation"].update(size=[8, 11]),
            r"val\.json: annotation 2: a mask of \[8, 11\] for an image of \[8, 12\]",
        ),
        (lambda found: found["annotations"][2].update(segmentation=[[1, 2, "x"]]), "annotation 2: no polygons"),
        (lambda found: found["images"][1].update(width=13), r"has 12 x 8 pixels, val\.json says 13 x 8"),
        (lambda found: found["images"][1].update(file_name="n0153_none.JPEG"), "there is no such image"),
    ],
)
def test_damaged_files_are_one_line(folder: Path, change: Any, fault: str) -> None:
    found = content(1)
    change(found)
    (folder / "val.json").write_text(json.dumps(found))
    with pytest.raises(UserError, match=fault) as caught:
        part_imagenet.official_parts({"folder": folder, "size": 4}, "parts", 1)["validation"].read(np.arange(2))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_json_and_a_missing_one_are_one_line(folder: Path) -> None:
    (folder / "val.json").write_text("{")
    with pytest.raises(UserError, match=r"val\.json: not a readable COCO file"):
        part_imagenet.official_parts({"folder": folder, "size": 4}, "parts", 1)
    (folder / "val.json").unlink()
    with pytest.raises(UserError, match=r"val\.json: there is no such annotation file"):
        part_imagenet.official_parts({"folder": folder, "size": 4}, "parts", 1)
