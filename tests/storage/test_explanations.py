import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.explanations import AnswerFile, MapFile, write_answers, write_maps


def write(path, maps, explained=()):
    count = len(maps)
    with write_maps(path, np.arange(count), 7 + np.arange(count), np.arange(count), {}, explained=explained) as writer:
        writer.append(maps[:1], np.zeros(maps[:1].shape[:2]))
        writer.append(maps[1:], np.ones(maps[1:].shape[:2]))
    return path


@pytest.fixture
def maps():
    """Return maps whose sizes lie far apart: each keeps three digits of its own largest value."""
    values = np.random.default_rng(0).normal(size=(3, 4, 5, 6))
    return values * 10.0 ** np.arange(-9, 11, 20 / 12).reshape(3, 4, 1, 1)


def test_maps_of_any_size_and_sign_come_back(tmp_path, maps):
    maps[1, 2] = 0
    with MapFile(write(tmp_path / "maps.h5", maps)) as file:
        largest = np.abs(maps).max(axis=(2, 3), keepdims=True)
        assert (np.abs(file.maps() - maps) <= 6e-4 * largest).all()
        np.testing.assert_array_equal(file.maps(1, 2), file.maps()[1:2])
        assert not file.maps()[1, 2].any()
        assert file.shape == (4, 5, 6)
        assert file.explained == ["member"] * 4
        assert file.index.tolist() == [7, 8, 9]
        assert file.targets.tolist() == [[0] * 4, [1] * 4, [1] * 4]


def test_each_kind_is_read_by_its_name(tmp_path, maps):
    kinds = ["member", "member", "draws", "mean_logit"]
    with MapFile(write(tmp_path / "maps.h5", maps, kinds)) as file:
        assert file.kinds == ["member", "draws", "mean_logit"]
        assert file.maps().shape[1] == 2
        np.testing.assert_allclose(file.maps(kind="mean_logit")[:, 0], maps[:, 3], atol=6e-4 * np.abs(maps[:, 3]).max())


def test_a_map_that_is_not_finite_is_refused(tmp_path, maps):
    maps[0, 0, 0, 0] = np.nan
    with pytest.raises(UserError, match="a map is not finite; train its member again"):
        write(tmp_path / "maps.h5", maps)
    assert not list(tmp_path.glob("*.h5"))


def test_a_damaged_file_is_one_line(tmp_path, maps):
    path = write(tmp_path / "maps.h5", maps)
    with h5py.File(path, "r+") as file:
        file["maps"][0, 0, 0, 0] = np.inf
    with MapFile(path) as file, pytest.raises(UserError, match=r"maps\.h5: 'maps' holds NaN or infinite values"):
        file.maps()
    with h5py.File(path, "r+") as file:
        file.attrs["explained"] = '["member"]'
    with pytest.raises(UserError, match=r"maps\.h5: does not say what its maps explain"):
        MapFile(path)
    with h5py.File(path, "r+") as file:
        del file["scale"]
    with pytest.raises(UserError, match=r"maps\.h5: holds no data set 'scale'"):
        MapFile(path)


def test_answers_come_back(tmp_path):
    logits = np.random.default_rng(1).normal(size=(4, 2, 3)).astype(np.float32)
    with write_answers(tmp_path / "answers.h5", np.zeros(4), np.arange(4), {"outputs": "[]"}) as rows:
        rows.append({"logits": logits})
    with AnswerFile(tmp_path / "answers.h5") as file:
        np.testing.assert_array_equal(file.logits(), logits)
    with h5py.File(tmp_path / "answers.h5", "r+") as file:
        file["logits"][0, 0, 0] = np.nan
    with AnswerFile(tmp_path / "answers.h5") as file, pytest.raises(UserError, match="train the members again"):
        file.logits()
