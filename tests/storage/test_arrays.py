"""Named arrays come back as they were, and what is wrong with a file is one line."""

from pathlib import Path

import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.arrays import read_arrays, write_arrays


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a": np.arange(12, dtype=np.int64).reshape(3, 4).T, "b": np.float32([1.5, np.nan]), "c": np.zeros((0, 2))}
    write_arrays(tmp_path / "a.safetensors", arrays)
    found = read_arrays(tmp_path / "a.safetensors", "c", "a", "b")
    assert list(found) == ["c", "a", "b"]
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(UserError, match="no such file"):
        read_arrays(path, "a")
    path.write_bytes(b"12345678901234567890")
    with pytest.raises(UserError, match="not readable as safetensors"):
        read_arrays(path, "a")
    write_arrays(path, {"a": np.zeros(2)})
    with pytest.raises(UserError, match="lacks b, c"):
        read_arrays(path, "a", "b", "c")
