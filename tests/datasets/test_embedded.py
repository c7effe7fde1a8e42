import shutil
from pathlib import Path

import numpy as np
import pytest

from heterodox.datasets import embedded
from heterodox.errors import UserError

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
DATA = {"source": "embedded", "name": "fashion_mnist_small", "folder": RESOURCES}


def test_small_fashion_mnist_is_balanced_and_its_splits_are_disjoint() -> None:
    parts = embedded.official_parts(DATA)
    for split, per_class in [("train", 1000), ("validation", 200), ("test", 200)]:
        assert np.bincount(parts[split].labels).tolist() == [per_class] * 10
        assert parts[split].shape == (28, 28, 1)
    assert not set(parts["train"].index) & set(parts["validation"].index)
    assert len(set(parts["test"].index)) == 2000
    assert parts["test"].classes[9] == "Ankle boot"


def test_it_stays_small_enough_for_version_control() -> None:
    assert sum(file.stat().st_size for file in (RESOURCES / "fashion_mnist_small").iterdir()) < 8e6


def test_a_changed_file_is_one_line(tmp_path: Path) -> None:
    shutil.copytree(RESOURCES / "fashion_mnist_small", tmp_path / "fashion_mnist_small")
    shutil.copy(RESOURCES / "fashion_mnist_small" / "test.h5", tmp_path / "fashion_mnist_small" / "validation.h5")
    with pytest.raises(UserError, match=r"validation\.h5: not the file whose checksum"):
        embedded.official_parts({**DATA, "folder": tmp_path})


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(UserError, match=r"cats: there is no embedded data set"):
        embedded.official_parts({**DATA, "name": "cats"})
