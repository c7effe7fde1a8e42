import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heterodox.datasets import interface
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile

ROOT = Path(__file__).resolve().parents[2]
Tree = Callable[..., None]


def run_script(name: str, spec: dict[str, Any], **paths: Path) -> subprocess.CompletedProcess[str]:
    options = [text for option, path in paths.items() for text in ("--" + option, str(path))]
    program = [sys.executable, ROOT / "scripts" / f"{name}.py", "--spec", json.dumps(spec)]
    return subprocess.run([*program, *options], capture_output=True, text=True, check=False)


def test_names_are_the_listing_of_the_folder() -> None:
    assert interface.names() == ["embedded", "image_folder", "imagenet_16_120", "torchvision"]
    with pytest.raises(UserError, match="'kaggle' is unknown; there are embedded"):
        interface.load("kaggle")


def test_prepare_data_writes_the_embedded_splits(tmp_path: Path) -> None:
    config = {"dataset": "small", "seed": 1, "data": {"source": "embedded", "name": "fashion_mnist_small"}}
    paths = {split: tmp_path / f"{split}.h5" for split in ("train", "validation", "test")}
    done = run_script("prepare_data", {"wildcards": {"dataset": "small"}, "config": config}, **paths)
    assert done.returncode == 0, done.stderr
    for split, count in [("train", 10000), ("validation", 2000), ("test", 2000)]:
        with ImageFile(paths[split]) as file:
            assert len(file) == count
            assert file.image_shape == (28, 28, 1)
            assert (file.attributes["split"], file.attributes["dataset"]) == (split, "small")


@pytest.fixture
def folder(tmp_path: Path, write_tree: Tree) -> dict[str, Any]:
    for part, per_class in [("train", 10), ("val", 5)]:
        write_tree(tmp_path / "photos" / part, ["a", "b"], per_class)
    return {"source": "image_folder", "folder": str(tmp_path / "photos"), "resize": 16, "crop": 12, "validation": 0.2}


def test_validation_is_held_out_of_the_training_images(folder: dict[str, Any]) -> None:
    parts = interface.splits(folder, "photos", 1)
    assert {split: len(images) for split, images in parts.items()} == {"train": 16, "validation": 4, "test": 10}
    assert not set(parts["train"].index) & set(parts["validation"].index)


def test_without_training_images_it_is_held_out_of_the_test_images(folder: dict[str, Any], tmp_path: Path) -> None:
    data = {**folder, "train": None}
    parts = interface.splits(data, "photos", 1)
    assert {split: len(images) for split, images in parts.items()} == {"train": 0, "validation": 2, "test": 8}
    assert not set(parts["test"].index) & set(parts["validation"].index)
    paths = {split: tmp_path / f"{split}.h5" for split in parts}
    interface.prepare(data, "photos", 1, paths)
    with ImageFile(paths["train"]) as train, ImageFile(paths["test"]) as test:
        assert (len(train), len(test)) == (0, 8)
        assert train.image_shape == test.image_shape


def test_splits_may_be_limited(folder: dict[str, Any]) -> None:
    parts = interface.splits({**folder, "most": {"train": 6, "test": 4, "validation": 100}}, "photos", 1)
    assert {split: np.bincount(images.labels).tolist() for split, images in parts.items()} == {
        "train": [3, 3],
        "validation": [2, 2],
        "test": [2, 2],
    }


def test_no_validation_in_the_config_is_one_line(folder: dict[str, Any]) -> None:
    del folder["validation"]
    with pytest.raises(UserError, match=r"data\.validation: missing"):
        interface.splits(folder, "photos", 1)


def natural_spec(data: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    config = {"dataset": "photos", "data": data, "natural_shifts": {"v2": entry}}
    return {"wildcards": {"shift": "v2"}, "config": config}


def test_natural_shift_has_the_classes_and_the_crop_of_the_data(
    folder: dict[str, Any], tmp_path: Path, write_tree: Tree
) -> None:
    paths = {split: tmp_path / f"{split}.h5" for split in ("train", "validation", "test")}
    interface.prepare(folder, "photos", 1, paths)
    write_tree(tmp_path / "v2", ["a", "b"], 3)
    entry = {"source": "image_folder", "folder": str(tmp_path / "v2")}
    target = tmp_path / "v2.h5"
    done = run_script("prepare_natural_shift", natural_spec(folder, entry), images=paths["test"], shift=target)
    assert done.returncode == 0, done.stderr
    with ImageFile(target) as shift:
        assert (shift.classes, shift.image_shape, len(shift)) == (["a", "b"], (12, 12, 3), 6)
        np.testing.assert_array_equal(shift.images()[:, 6, 6, 0], 10 * shift.labels)

    spec = natural_spec(folder, {**entry, "crop": 10})
    done = run_script("prepare_natural_shift", spec, images=paths["test"], shift=tmp_path / "other.h5")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "set its crop" in done.stderr
    with pytest.raises(UserError, match="use image_folder"):
        interface.prepare_natural_shift({"source": "torchvision"}, "photos", "v2", paths["test"], target)


def test_memory_holds_one_batch(tmp_path: Path, folder: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heterodox.datasets.image_sets.BATCH_BYTES", 3 * 12 * 12 * 3)
    interface.prepare(folder, "photos", 1, {"test": tmp_path / "pieces.h5"})
    monkeypatch.undo()
    interface.prepare(folder, "photos", 1, {"test": tmp_path / "whole.h5"})
    assert (tmp_path / "pieces.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
