import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.hdf5 import CheckedFile, Disk


def test_after_a_failed_write_everything_is_taken_and_nothing_kept() -> None:
    # Every write to /dev/full fails as on a full disk.
    with Disk("/dev/full", "w") as disk:
        disk.check()
        assert disk.write(np.zeros(4, np.int64)) == 32
        assert disk.write(b"more") == 4
        with pytest.raises(OSError, match="No space left"):
            disk.check()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"labels": np.arange(3)}, "holds no data set 'index'"),
        ({"labels": np.arange(3), "index": np.arange(4)}, "3 labels but 4 indices"),
        ({"labels": np.arange(3), "index": np.zeros((3, 2), int)}, "'index' must be a vector of integers"),
        ({"labels": np.zeros(3), "index": np.arange(3)}, "'labels' must be a vector of integers"),
    ],
)
def test_what_every_file_must_hold(tmp_path, content: dict[str, np.ndarray], fault: str) -> None:
    with h5py.File(tmp_path / "file.h5", "w") as file:
        for name, values in content.items():
            file[name] = values
    with pytest.raises(UserError, match=fault) as caught:
        CheckedFile(tmp_path / "file.h5")
    assert str(caught.value).startswith(f"{tmp_path / 'file.h5'}: ")
    assert "\n" not in str(caught.value)
