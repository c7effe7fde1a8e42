from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heterodox.datasets import out_of_distribution as ood
from heterodox.datasets.image_sets import ImageSet, held_in_memory
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile, write_images

CLASSES = ["cat", "dog", "Car"]


def images_of(count: int, classes: list[str], shape=(8, 8, 1), seed: int = 0) -> ImageSet:
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    return held_in_memory(images, np.arange(count) % len(classes), 1000 * seed + np.arange(count), classes)


def write(path: Path, images: ImageSet) -> Path:
    with write_images(path, images.shape, images.labels, images.index, images.classes) as writer:
        writer.append(images.read(np.arange(len(images))))
    return path


@pytest.fixture
def splits(tmp_path: Path) -> dict[str, Path]:
    sizes = {"train": 30, "validation": 18, "test": 24}
    return {
        name: write(tmp_path / f"{name}.h5", images_of(count, CLASSES, seed=seed))
        for seed, (name, count) in enumerate(sizes.items(), 1)
    }


def prepared(folder: Path, splits: dict[str, Path], seed: int = 1, **changes) -> dict[str, ImageFile]:
    config = {"held_out": ["dog"], "ood": {"digits": {"source": "digits"}}}
    config |= {"ood_images": {"validation": 5, "test": 100}, "data": {"resize": None, "crop": None}, **changes}
    names = ["train", "validation", "test", "ood_validation", "ood_test"]
    targets = {name: folder / "out" / f"{name}.h5" for name in names}
    ood.prepare(config, splits, targets, seed, "toy")
    return {name: ImageFile(path) for name, path in targets.items()}


def test_held_out_classes_leave_every_split_and_the_rest_is_numbered_anew(tmp_path, splits):
    found = prepared(tmp_path, splits)
    for name, path in splits.items():
        with ImageFile(path) as before:
            rows = np.flatnonzero(before.labels != 1)
            assert found[name].classes == ["cat", "Car"]
            np.testing.assert_array_equal(found[name].labels, before.labels[rows] // 2)
            np.testing.assert_array_equal(found[name].index, before.index[rows])
            np.testing.assert_array_equal(found[name].images(), before.images()[rows])


def test_sets_give_equal_shares_as_many_as_the_smallest_has(tmp_path, splits):
    found = prepared(tmp_path, splits)
    assert found["ood_validation"].classes == found["ood_test"].classes == ["held_out", "digits"]
    assert np.bincount(found["ood_validation"].labels).tolist() == [5, 5]
    assert np.bincount(found["ood_test"].labels).tolist() == [8, 8]  # a third of 24 images is held out
    with ImageFile(splits["test"]) as test:
        own = np.flatnonzero(test.labels == 1)
        np.testing.assert_array_equal(found["ood_test"].images()[:8], test.images()[own])


def test_no_image_is_in_both_parts(tmp_path, splits):
    found = prepared(tmp_path, splits, ood_images={"validation": 1000, "test": 1000}, held_out=[])
    indices = [set(found[f"ood_{part}"].index.tolist()) for part in ("validation", "test")]
    assert not indices[0] & indices[1]
    assert len(indices[0]) + len(indices[1]) >= 598  # of 599 digits for testing, equal halves
    images = [{image.tobytes() for image in found[f"ood_{part}"].images()} for part in ("validation", "test")]
    assert not images[0] & images[1]


def test_which_images_are_taken_depends_on_the_seed_alone(tmp_path, splits):
    first, again, other = (prepared(tmp_path / str(k), splits, seed)["ood_test"] for k, seed in enumerate((1, 1, 2)))
    np.testing.assert_array_equal(first.index, again.index)
    assert (first.index[8:] != other.index[8:]).any()


def test_a_set_with_a_class_of_the_data_is_one_line(tmp_path, splits, write_tree):
    write_tree(tmp_path / "zoo" / "test", ["CAR", "horse"])
    entry = {"source": "image_folder", "folder": tmp_path / "zoo"}
    with pytest.raises(UserError, match=r"^config: pruning.ood.zoo: the set 'zoo' shares the class 'Car' with"):
        prepared(tmp_path, splits, ood={"zoo": entry})
    found = prepared(tmp_path, splits, ood={"zoo": entry}, held_out=["Car"])
    assert found["ood_test"].classes == ["held_out", "zoo"]


@pytest.mark.parametrize("sizes", [(None, None), (16, 8)])
def test_an_image_folder_is_resized_and_cut_like_the_data(tmp_path, splits, write_tree, sizes):
    write_tree(tmp_path / "zoo", ["bird", "horse"])
    entry = {"source": "image_folder", "folder": tmp_path / "zoo", "test": "."}
    data = dict(zip(("resize", "crop"), sizes, strict=True))
    found = prepared(tmp_path, splits, ood={"zoo": entry}, held_out=[], data=data)["ood_test"]
    assert found.image_shape == (8, 8, 1)
    assert len(found) == 4
    resize = sizes[0] or 8
    with Image.open(next((tmp_path / "zoo" / "bird").glob("0.*"))) as file:
        short = min(file.size)
        sides = [round(side * resize / short) for side in file.size]
        pixels = file.convert("RGB").resize(sides, Image.Resampling.BILINEAR)
    left, top = (round((side - 8) / 2) for side in pixels.size)
    grey = (np.asarray(pixels.crop((left, top, left + 8, top + 8))) @ [0.299, 0.587, 0.114]).round()
    assert min(np.abs(grey - image[..., 0]).mean() for image in found.images()) < 1


def test_what_is_held_out_has_to_be_there_and_leave_two_classes(tmp_path, splits):
    with pytest.raises(UserError, match=r"pruning.held_out: there is no class 'fish'; there are cat, dog, Car"):
        prepared(tmp_path, splits, held_out=["fish"])
    with pytest.raises(UserError, match="leaves 1 classes to learn"):
        prepared(tmp_path, splits, held_out=["dog", "cat"])


def test_a_set_of_one_image_is_one_line():
    with pytest.raises(UserError, match=r"pruning.ood.lonely: has 1 images; two at least"):
        ood.divided({"lonely": images_of(1, ["x"])}, {}, {"validation": 3, "test": 3}, 1)


def test_colour_becomes_luminance_and_grey_fills_the_channels():
    colour = images_of(2, ["x"], (4, 4, 3))
    red, green, blue = np.moveaxis(colour.read(np.arange(2)).astype(float), 3, 0)
    grey = ood.alike(colour, (4, 4, 1))
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.abs(grey.read(np.arange(2))[..., 0] - expected).max() <= 0.5
    back = ood.alike(grey, (4, 4, 3))
    np.testing.assert_array_equal(back.read(np.arange(2)), np.repeat(grey.read(np.arange(2)), 3, axis=3))
    assert ood.alike(colour, colour.shape) is colour


def test_sizes_change_without_aliasing():
    stripes = np.zeros((1, 32, 32, 1), np.uint8)
    stripes[:, :, ::2] = 255
    small = ood.alike(held_in_memory(stripes, np.zeros(1, int), np.zeros(1, int), ["x"]), (8, 8, 1))
    assert np.abs(small.read(np.arange(1)).astype(float) - 127.5).max() < 30
    plain = held_in_memory(np.full((1, 9, 9, 1), 77, np.uint8), np.zeros(1, int), np.zeros(1, int), ["x"])
    assert (ood.alike(plain, (13, 11, 3)).read(np.arange(1)) == 77).all()


def test_joined_sets_are_read_in_any_order():
    sets = {name: images_of(count, ["x"], seed=count) for name, count in (("one", 3), ("two", 5), ("three", 2))}
    whole = ood.joined(sets)
    everything = np.concatenate([one.read(np.arange(len(one))) for one in sets.values()])
    rows = np.random.default_rng(0).permutation(10)
    np.testing.assert_array_equal(whole.read(rows), everything[rows])
    assert whole.labels.tolist() == [0] * 3 + [1] * 5 + [2] * 2
    assert whole.classes == ["one", "two", "three"]
