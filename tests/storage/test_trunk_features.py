from pathlib import Path

import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.trunk_features import FeatureFile, write_features

VALUES = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def write(path: Path, size: int = 5) -> Path:
    with write_features(path, np.arange(5) % 2, np.arange(5) + 7, {"backbone": "vgg"}) as writer:
        for start in range(0, 5, size):
            writer.append(VALUES[start : start + size])
        assert writer.filled == 5
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with FeatureFile(write(tmp_path / "features.h5", 2)) as file:
        np.testing.assert_array_equal(file.features(), VALUES)
        np.testing.assert_array_equal(file.index, np.arange(5) + 7)
        assert file.attributes["backbone"] == "vgg"


def test_features_that_are_not_finite_are_one_line(tmp_path: Path) -> None:
    write(tmp_path / "features.h5")
    with h5py.File(tmp_path / "features.h5", "r+") as file:
        file["features"][2, 1] = np.nan
    with FeatureFile(tmp_path / "features.h5") as file, pytest.raises(UserError, match="its features are not finite"):
        file.features()
