from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heterodox import torchvision_operators
from heterodox.datasets import image_folder
from heterodox.errors import UserError

Tree = Callable[..., None]
CLASSES = ["n01", "n02", "n03"]


@pytest.fixture
def data(tmp_path: Path, write_tree: Tree) -> dict[str, Any]:
    write_tree(tmp_path / "train", CLASSES, per_class=5)
    write_tree(tmp_path / "val", CLASSES)
    return {"source": "image_folder", "folder": str(tmp_path), "resize": 24, "crop": 16}


def test_parts_classes_and_labels(data: dict[str, Any]) -> None:
    parts = image_folder.official_parts(data)
    assert {part: len(images) for part, images in parts.items()} == {"train": 15, "test": 12}
    for images in parts.values():
        assert images.classes == CLASSES
        assert images.shape == (16, 16, 3)
        pixels = images.read(np.arange(len(images)))
        assert pixels.shape == (len(images), 16, 16, 3)
        np.testing.assert_array_equal(pixels[:, 8, 8, 0], 10 * images.labels)
        np.testing.assert_array_equal(images.index, np.arange(len(images)))


def test_training_images_may_be_left_out(data: dict[str, Any], tmp_path: Path) -> None:
    assert set(image_folder.official_parts({**data, "train": None})) == {"test"}
    (tmp_path / "train").rename(tmp_path / "learn")
    with pytest.raises(UserError, match=r"train: there is no such folder"):
        image_folder.official_parts(data)
    assert len(image_folder.official_parts({**data, "train": "learn"})["train"]) == 15


def test_test_folder_is_val_or_test_or_named(data: dict[str, Any], tmp_path: Path, write_tree: Tree) -> None:
    write_tree(tmp_path / "test", CLASSES, per_class=1)
    with pytest.raises(UserError, match=r"has both val/ and test/; name .* data\.test"):
        image_folder.official_parts(data)
    assert len(image_folder.official_parts({**data, "test": "test"})["test"]) == 3
    for name in ("val", "test"):
        (tmp_path / name).rename(tmp_path / f"{name}_away")
    with pytest.raises(UserError, match="neither val/ nor test/"):
        image_folder.official_parts(data)


@pytest.mark.parametrize("size", [(50, 41), (41, 50), (33, 33), (97, 30), (16, 16), (301, 200)])
def test_resizes_and_crops_as_torchvision_does(size: tuple[int, int], tmp_path: Path) -> None:
    torchvision_operators.declare()
    from torchvision import transforms

    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    for resize, crop in [(24, 16), (33, 24), (40, 31), (17, 17)]:
        expected = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(crop)])(Image.fromarray(pixels))
        np.testing.assert_array_equal(
            image_folder._read_image(tmp_path / "image.png", resize, crop), np.asarray(expected)
        )


def test_grey_and_palette_images_become_colour(tmp_path: Path) -> None:
    (tmp_path / "val" / "only").mkdir(parents=True)
    grey = Image.fromarray(np.full((20, 20), 99, np.uint8))
    grey.save(tmp_path / "val" / "only" / "a.png")
    grey.convert("P").save(tmp_path / "val" / "only" / "b.png")
    data = {"folder": tmp_path, "train": None, "resize": 10, "crop": 10}
    assert (image_folder.official_parts(data)["test"].read(np.arange(2)) == 99).all()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"folder": "/nowhere/at/all"}, "/nowhere/at/all: there is no such folder"),
        ({"crop": 25}, "crop no larger"),
        ({"resize": None}, "needs resize and crop"),
        ({"test": "val/n01"}, "there are no class folders"),
    ],
)
def test_bad_settings_are_one_line(data: dict[str, Any], change: dict[str, Any], fault: str) -> None:
    with pytest.raises(UserError, match=fault) as caught:
        image_folder.official_parts({**data, **change})
    assert "\n" not in str(caught.value)


def test_other_classes_in_training_are_one_line(data: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "train" / "n04").mkdir()
    with pytest.raises(UserError, match="class folders of the training and test images differ"):
        image_folder.official_parts(data)


def test_a_damaged_image_is_named(data: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "val" / "n02" / "1.png"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match=r"n02/1\.png: not a readable image"):
        image_folder.official_parts(data)["test"].read(np.arange(12))


def test_an_image_too_large_to_decode_or_beyond_pillow_is_named(
    data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = image_folder.official_parts(data)["test"]
    with monkeypatch.context() as changed:
        changed.setattr(Image, "MAX_IMAGE_PIXELS", 4)
        with pytest.raises(UserError, match=r"n01/0\.PNG: not a readable image"):
            images.read(np.arange(1))

    def refuse(*_: object) -> None:
        raise SyntaxError("broken PNG file")

    monkeypatch.setattr(Image.Image, "convert", refuse)
    with pytest.raises(UserError, match=r"n01/0\.PNG: not a readable image"):
        images.read(np.arange(1))


def test_second_test_set_by_name_or_number(data: dict[str, Any], tmp_path: Path, write_tree: Tree) -> None:
    write_tree(tmp_path / "named", CLASSES, per_class=2)
    named = image_folder.second_test_set({**data, "folder": tmp_path / "named"}, ["n03", "n01", "n02"])
    assert named.classes == ["n03", "n01", "n02"]
    np.testing.assert_array_equal(named.read(np.arange(6))[:, 8, 8, 0], np.array([20, 20, 0, 0, 10, 10]))
    np.testing.assert_array_equal(named.labels, [0, 0, 1, 1, 2, 2])

    twelve = [f"n{number:08}" for number in range(0, 24, 2)]
    write_tree(tmp_path / "numbered", [str(number) for number in range(12)], per_class=1)
    numbered = image_folder.second_test_set({**data, "folder": tmp_path / "numbered"}, twelve)
    assert numbered.classes == twelve
    # In the order of the alphabet, folder 10 would come second.
    np.testing.assert_array_equal(numbered.read(np.arange(12))[:, 8, 8, 0], 10 * np.arange(12))
    np.testing.assert_array_equal(numbered.labels, np.arange(12))


def test_second_test_set_of_other_classes_is_one_line(data: dict[str, Any], tmp_path: Path, write_tree: Tree) -> None:
    write_tree(tmp_path / "other", ["n01", "n02"], per_class=1)
    with pytest.raises(UserError, match=r"its 2 class folders are not the 3 classes.*'n03'"):
        image_folder.second_test_set({**data, "folder": tmp_path / "other"}, CLASSES)
    write_tree(tmp_path / "more", ["0", "1", "2", "3"], per_class=1)
    with pytest.raises(UserError, match="its 4 class folders are not the 3 classes"):
        image_folder.second_test_set({**data, "folder": tmp_path / "more"}, CLASSES)


@pytest.mark.parametrize(
    ("classes", "taken"),
    [
        (["n00000001", "n00000003", "n00000007"], True),
        (["n00000003", "n00000001", "n00000007"], False),
        (["airplane", "bird", "car"], False),
        (["n01", "n02", "n03"], False),
        (["0", "1", "2"], True),
        (["000", "001", "002"], True),
        (["1", "2", "3"], False),
    ],
)
def test_numbers_are_taken_only_where_they_mean_one_order(
    classes: list[str], taken: bool, data: dict[str, Any], tmp_path: Path, write_tree: Tree
) -> None:
    write_tree(tmp_path / "numbered", ["0", "1", "2"], per_class=1)
    second = {**data, "folder": tmp_path / "numbered"}
    if taken:
        assert image_folder.second_test_set(second, classes).classes == classes
    else:
        with pytest.raises(UserError, match="numbers, but nothing tells which of the classes") as caught:
            image_folder.second_test_set(second, classes)
        assert "\n" not in str(caught.value)
