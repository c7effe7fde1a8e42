from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heterodox import torchvision_operators
from heterodox.datasets import embedded, torchvision
from heterodox.errors import UserError

torchvision_operators.declare()
RESOURCES = Path(__file__).resolve().parents[2] / "resources"


@pytest.mark.skipif(not torchvision.DEBIAN_FASHION_MNIST.is_dir(), reason="Debian's dataset-fashion-mnist is not here")
def test_debian_files_are_found_and_agree_with_the_embedded_part(tmp_path: Path) -> None:
    parts = torchvision.official_parts({"name": "FashionMNIST", "folder": tmp_path, "download": False})
    assert (len(parts["train"]), len(parts["test"])) == (60000, 10000)
    small = embedded.official_parts({"name": "fashion_mnist_small", "folder": RESOURCES})
    for split, part in [("train", "train"), ("validation", "train"), ("test", "test")]:
        index = small[split].index
        np.testing.assert_array_equal(small[split].read(np.arange(len(index))), parts[part].read(index))
        np.testing.assert_array_equal(small[split].labels, parts[part].labels[index])
        assert small[split].classes == parts[part].classes


@pytest.mark.parametrize("name", ["CIFAR10", "CIFAR100"])
def test_colour_sets_keep_their_channels(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def official(folder: Path, train: bool, download: bool) -> Any:
        assert (folder, download) == (tmp_path, True)
        count = 6 if train else 3
        images = np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 32, 32, 3), np.uint8)
        return SimpleNamespace(data=images, targets=list(range(count)), classes=["a", "b"])

    monkeypatch.setattr(f"torchvision.datasets.{name}", official)
    parts = torchvision.official_parts({"name": name, "folder": tmp_path, "download": True})
    assert (parts["train"].shape, len(parts["test"])) == ((32, 32, 3), 3)
    assert parts["train"].read(np.array([4]))[0, 0, 0].tolist() == [4, 4, 4]
    np.testing.assert_array_equal(parts["train"].labels, np.arange(6))


def write_idx(path: Path, values: np.ndarray) -> None:
    """Write bytes in the format of MNIST's files: type 8, the number of axes, each length in four bytes, the values."""
    lengths = b"".join(length.to_bytes(4, "big") for length in values.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes([0, 0, 8, values.ndim]) + lengths + values.tobytes())


def test_mnist_is_read_from_its_own_files(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images = {
        "train": draw.integers(0, 256, (5, 28, 28), np.uint8),
        "t10k": draw.integers(0, 256, (3, 28, 28), np.uint8),
    }
    for part, pixels in images.items():
        write_idx(tmp_path / "MNIST" / "raw" / f"{part}-images-idx3-ubyte", pixels)
        write_idx(tmp_path / "MNIST" / "raw" / f"{part}-labels-idx1-ubyte", np.arange(len(pixels), dtype=np.uint8))
    parts = torchvision.official_parts({"name": "MNIST", "folder": tmp_path})
    assert parts["train"].shape == (28, 28, 1)
    assert len(parts["train"].classes) == 10
    for part, name in (("train", "train"), ("test", "t10k")):
        np.testing.assert_array_equal(parts[part].read(np.arange(len(images[name])))[..., 0], images[name])
        np.testing.assert_array_equal(parts[part].labels, np.arange(len(images[name])))


@pytest.mark.parametrize("name", torchvision.SETS)
def test_a_missing_set_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision, "DEBIAN_FASHION_MNIST", tmp_path / "none")
    with pytest.raises(UserError, match=rf"no complete {name} here; set data\.download") as caught:
        torchvision.official_parts({"name": name, "folder": tmp_path, "download": False})
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'SVHN' is unknown; there are MNIST, FashionMNIST"):
        torchvision.official_parts({"name": "SVHN", "folder": tmp_path})
