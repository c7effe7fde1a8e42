"""CUB-200-2011 in its published layout: three images of two species."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heterodox.datasets.annotated import cub, interface
from heterodox.errors import UserError

IMAGES = ["001.Black_footed_Albatross/one.jpg", "001.Black_footed_Albatross/two.jpg", "002.Laysan_Albatross/three.jpg"]
SIZES = [(20, 10), (10, 10), (30, 60)]
ATTRIBUTES = ["has_bill_length::short", "has_bill_length::long", "has_wing_pattern::striped"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "CUB_200_2011"
    for name, size in zip(IMAGES, SIZES, strict=True):
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (200, 100, 50)).save(path)
    files = {
        "images.txt": [f"{number} {name}" for number, name in enumerate(IMAGES, 1)],
        "classes.txt": ["1 001.Black_footed_Albatross", "2 002.Laysan_Albatross"],
        "image_class_labels.txt": ["1 1", "2 1", "3 2"],
        "train_test_split.txt": ["1 1", "2 0", "3 1"],
        "parts/parts.txt": ["1 beak", "2 left wing"],
        "parts/part_locs.txt": ["1 1 9.5 4.5 1", "1 2 0.0 0.0 0", "2 1 4.5 4.5 1", "2 2 1.0 2.0 1", "3 1 0.0 0.0 0"],
        "attributes/attributes.txt": [f"{number} {name}" for number, name in enumerate(ATTRIBUTES, 1)],
        # The published file has lines with more words than it should; certainty 1 is `not visible`.
        "attributes/image_attribute_labels.txt": [
            *("1 1 1 3 2.5", "1 2 0 3 2.5", "1 3 0 1 2.5"),
            *("2 1 1 3 2.5", "2 2 1 4 0 2.5", "2 3 1 3 2.5"),
            *("3 1 0 2 2.5", "3 2 1 2 2.5", "3 3 1 3 2.5"),
        ],
    }
    for name, lines in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("\n".join(lines) + "\n")
    return root


def test_images_points_and_attributes_are_those_of_the_files(folder: Path) -> None:
    parts = cub.official_parts({"folder": folder, "size": 8}, "cub", 1)
    train, test = parts["train"], parts["test"]
    assert train.classes == ["Black_footed_Albatross", "Laysan_Albatross"]
    assert (train.index.tolist(), train.labels.tolist(), test.index.tolist()) == ([1, 3], [0, 1], [2])
    assert train.values["has_bill_length"] == ["short", "long"]
    assert train.attributes["has_bill_length"].tolist() == [0, 1]
    assert test.attributes["has_bill_length"].tolist() == [-1]  # both are said to be present
    assert train.attributes["has_wing_pattern::striped"].tolist() == [-1, 1]  # not visible, present
    assert train.attributes["has_wing_pattern"].tolist() == [-1, 0]
    assert (train.values["family"], train.attributes["family"].tolist()) == (["albatross"], [0, 0])
    found = train.annotated(np.arange(2))
    assert found.images.shape == (2, 8, 8, 3)
    assert np.abs(found.images.astype(int) - [200, 100, 50]).max() < 8  # JPEG
    # (9.5, 4.5) is the middle of 20 x 10 pixels, (3.5, 3.5) of 8 x 8.
    np.testing.assert_allclose(found.key_points["beak"], [[3.5, 3.5], [np.nan, np.nan]])
    np.testing.assert_allclose(test.annotated(np.array([0])).key_points["left_wing"], [[0.7, 1.5]])
    assert found.masks == {}


def test_outlines_are_read_where_they_lie(folder: Path) -> None:
    for name, (width, height) in zip(IMAGES, SIZES, strict=True):
        outline = np.zeros((height, width), np.uint8)
        outline[: height // 2] = 255
        path = (folder / "segmentations" / name).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(outline).save(path)
    masks = cub.official_parts({"folder": folder, "size": 8}, "cub", 1)["train"].annotated(np.arange(2)).masks
    assert masks["bird"][:, :4].all()
    assert not masks["bird"][:, 4:].any()


def test_a_validation_split_is_held_out_of_the_training_images(folder: Path) -> None:
    source = {"source": "cub", "folder": folder, "size": 8, "images": {"validation": 1}}
    parts = interface.splits(source, "cub", 1)
    assert {split: len(part) for split, part in parts.items()} == {"train": 1, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("file", "change", "fault"),
    [
        ("images.txt", lambda text: text.replace("two.jpg", ""), None),
        ("images.txt", lambda text: "1\n", r"images\.txt: line 1 has 1 entries instead of 2"),
        ("train_test_split.txt", lambda text: "1 1\n", r"train_test_split\.txt: has no line for image 2"),
        ("parts/part_locs.txt", lambda text: "1 1 x 4 1\n", r"part_locs\.txt: '1 1 x 4 1' are no numbers"),
        ("parts/part_locs.txt", lambda text: "1 9 3 4 1\n", r"part_locs\.txt: part 9 of image 1 is not in parts"),
        ("attributes/image_attribute_labels.txt", lambda text: "1 7 1 3\n", "attribute 7 is not in attributes"),
        ("attributes/attributes.txt", None, r"attributes\.txt: there is no such annotation file"),
    ],
)
def test_damaged_annotations_are_one_line(
    folder: Path, file: str, change: Callable[[str], str] | None, fault: str | None
) -> None:
    path = folder / file
    if change is None:
        path.unlink()
    else:
        path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=fault or "there is no such image|not a readable image") as caught:
        cub.official_parts({"folder": folder, "size": 8}, "cub", 1)["test"].read(np.array([0]))
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder; put the published data set there"):
        cub.official_parts({"folder": tmp_path / "none", "size": 8}, "cub", 1)
