"""ISIC-2018 task 2 in its published layout: images as JPEG and five masks each."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heterodox.datasets.annotated import interface, isic
from heterodox.errors import UserError


def write(folder: Path, word: str, numbers: list[int], version: str) -> tuple[Path, Path]:
    images = folder / f"ISIC2018_Task1-2_{word}_Input"
    masks = folder / f"ISIC2018_Task2_{word}_GroundTruth{version}"
    for path in (images, masks):
        path.mkdir(parents=True)
    (images / "ATTRIBUTION.txt").write_text("as published")
    for number in numbers:
        name = f"ISIC_{number:07d}"
        Image.new("RGB", (40, 20), (10 * (number % 20), 90, 60)).save(images / f"{name}.jpg")
        for place, attribute in enumerate(isic.ATTRIBUTES):
            mask = np.zeros((20, 40), np.uint8)
            if (number + place) % 2:
                mask[:10, 20:] = 255  # the upper right quarter
            Image.fromarray(mask).save(masks / f"{name}_attribute_{attribute}.png")
    return images, masks


def test_masks_say_which_attributes_are_there(tmp_path: Path) -> None:
    write(tmp_path, "Training", [4, 7, 9], "_v3")
    write(tmp_path, "Validation", [11], "")
    write(tmp_path, "Test", [12, 13], "")
    parts = interface.splits({"source": "isic", "folder": tmp_path, "size": 8}, "isic", 1)
    assert {split: part.index.tolist() for split, part in parts.items()} == {
        "train": [4, 7, 9],
        "validation": [11],
        "test": [12, 13],
    }
    train = parts["train"]
    assert (train.classes, train.labels.tolist()) == (["lesion"], [0, 0, 0])
    for place, attribute in enumerate(isic.ATTRIBUTES):
        assert train.attributes[attribute].tolist() == [(number + place) % 2 for number in (4, 7, 9)]
    found = train.annotated(np.arange(3))
    expected = np.zeros((8, 8), bool)
    expected[:4, 4:] = True
    np.testing.assert_array_equal(found.masks["globules"], [expected * 0, expected, expected])
    np.testing.assert_allclose(found.key_points["globules"], [[np.nan, np.nan], [5.5, 1.5], [5.5, 1.5]])
    assert np.abs(found.images[1].astype(int) - [70, 90, 60]).max() < 8


def test_test_images_are_held_out_where_there_are_none(tmp_path: Path) -> None:
    write(tmp_path, "Training", list(range(10)), "_v3")
    source = {"source": "isic", "folder": tmp_path, "size": 8, "images": {"validation": 2, "test": 3}}
    parts = interface.splits(source, "isic", 1)
    assert {split: len(part) for split, part in parts.items()} == {"train": 5, "validation": 2, "test": 3}
    assert len({number for part in parts.values() for number in part.index}) == 10


@pytest.mark.parametrize("split", ["test", "validation"])
def test_too_many_held_out_images_are_one_line_with_their_key(tmp_path: Path, split: str) -> None:
    write(tmp_path, "Training", [4, 7, 9], "_v3")
    source = {"source": "isic", "folder": tmp_path, "size": 8, "images": {"test": 1, "validation": 1} | {split: 5}}
    with pytest.raises(UserError, match=rf"^sources\.moles\.images\.{split}: 5 of \d images leaves the part held out"):
        interface.splits(source, "moles", 1)


def test_missing_masks_and_masks_of_another_size_are_one_line(tmp_path: Path) -> None:
    _, masks = write(tmp_path, "Training", [4, 7], "_v3")
    wrong = masks / "ISIC_0000007_attribute_streaks.png"
    Image.new("L", (40, 21)).save(wrong)
    with pytest.raises(UserError, match=r"streaks\.png: has 40 x 21 pixels, its image 40 x 20; replace it"):
        isic.official_parts({"folder": tmp_path, "size": 8}, "isic", 1)
    wrong.unlink()
    with pytest.raises(UserError, match=r"ISIC_0000007_attribute_streaks\.png: there is no such mask"):
        isic.official_parts({"folder": tmp_path, "size": 8}, "isic", 1)


def test_a_folder_without_the_training_images_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no ISIC2018_Task1-2_Training_Input"):
        isic.official_parts({"folder": tmp_path, "size": 8}, "isic", 1)
