from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heterodox.datasets import imagenet_16_120
from heterodox.datasets.interface import splits
from heterodox.errors import UserError
from heterodox.storage.wordnet import WORDNET_ID


def write_images(folder: Path, classes: list[str], per_class: int) -> None:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for image in range(per_class):
            size = ((48, 32), (16, 16))[image % 2]
            pixels = np.random.default_rng((number, image)).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{image}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("imagenet")
    folders = [*sorted(imagenet_16_120.CLASSES), "n99999999"]  # in the order of ids, and a class that is not taken
    write_images(made / "train", folders, 2)
    write_images(made / "val", sorted(imagenet_16_120.CLASSES), 1)
    return made


def test_classes_are_120_ids_in_the_order_of_the_development_kit() -> None:
    assert len(set(imagenet_16_120.CLASSES)) == 120
    assert all(WORDNET_ID.fullmatch(name) for name in imagenet_16_120.CLASSES)
    # kit fox, English setter, Siberian husky, Australian terrier; not the order of ids
    assert imagenet_16_120.CLASSES[:4] == ["n02119789", "n02100735", "n02110185", "n02096294"]


def test_images_are_box_means_and_labels_follow_the_published_order(folder: Path) -> None:
    parts = imagenet_16_120.official_parts({"folder": folder})
    assert {part: len(images) for part, images in parts.items()} == {"train": 240, "test": 120}
    train, names = parts["train"], sorted(imagenet_16_120.CLASSES)
    assert train.classes == imagenet_16_120.CLASSES
    assert train.shape == (16, 16, 3)
    np.testing.assert_array_equal(train.labels, np.repeat(np.arange(120), 2))
    found = train.read(np.arange(240))
    for label in (0, 7, 119):
        number = names.index(train.classes[label])
        large, small = (
            np.random.default_rng((number, image)).integers(0, 256, shape, dtype=np.uint8)
            for image, shape in enumerate([(32, 48, 3), (16, 16, 3)])
        )
        means = large.reshape(16, 2, 16, 3, 3).mean(axis=(1, 3))  # 2 x 3 pixels each, whatever the proportions
        assert np.abs(found[2 * label] - means).max() <= 1  # Pillow rounds after rows and after columns
        np.testing.assert_array_equal(found[2 * label + 1], small)  # 16 x 16 already


def test_a_study_holds_validation_images_out(folder: Path) -> None:
    data = {"source": "imagenet_16_120", "folder": str(folder), "validation": 120}
    parts = splits(data, "imagenet16", 1)
    assert {part: len(images) for part, images in parts.items()} == {"train": 120, "validation": 120, "test": 120}


def test_the_published_pickles_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "train_data_batch_3").write_bytes(b"not read")
    with pytest.raises(UserError, match=r"published batches \(train_data_batch_3\), which are pickles") as caught:
        imagenet_16_120.official_parts({"folder": tmp_path})
    assert "\n" not in str(caught.value)


def test_missing_folders_classes_and_images_are_one_line_each(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none: there is no such folder"):
        imagenet_16_120.official_parts({"folder": tmp_path / "none"})
    for name in imagenet_16_120.CLASSES[1:]:
        (tmp_path / "val" / name).mkdir(parents=True)
    with pytest.raises(UserError, match=r"lacks the folder n02119789, one of 1 missing"):
        imagenet_16_120.official_parts({"folder": tmp_path, "train": None})
    (tmp_path / "val" / "n02119789").mkdir()
    with pytest.raises(UserError, match=r"there are no images in its class folders"):
        imagenet_16_120.official_parts({"folder": tmp_path, "train": None})
