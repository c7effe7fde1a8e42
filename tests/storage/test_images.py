from pathlib import Path

import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.images import ImageFile, write_images, write_packed_images

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 6, 5, 3), dtype=np.uint8)


def write_all(path: Path, size: int = 10) -> None:
    labels = np.arange(10) % 2
    with write_images(path, (6, 5, 3), labels, labels + 40, ["a", "b"], {"seed": 3}) as writer:
        for start in range(0, 10, size):
            piece = slice(start, start + size)
            writer.append(IMAGES[piece], {"angle": np.arange(10.0)[piece], "centre": np.ones((10, 2))[piece]})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_all(tmp_path / "whole.h5")
    with ImageFile(tmp_path / "whole.h5") as file:
        np.testing.assert_array_equal(file.images(), IMAGES)
        np.testing.assert_array_equal(file.images(3, 7), IMAGES[3:7])
        np.testing.assert_array_equal(file.at([8, 0, 8]), IMAGES[[8, 0, 8]])
        np.testing.assert_array_equal(file.index, np.arange(10) % 2 + 40)
        assert (len(file), file.image_shape, file.classes) == (10, (6, 5, 3), ["a", "b"])
        assert file.attributes["seed"] == 3
        np.testing.assert_array_equal(file.parameters()["angle"], np.arange(10))
        assert file.parameters()["centre"].shape == (10, 2)
        starts, pieces = zip(*file.batches(4), strict=True)
        assert starts == (0, 4, 8)
        np.testing.assert_array_equal(np.concatenate(pieces), IMAGES)


def test_bytes_depend_neither_on_batches_nor_on_the_moment(tmp_path: Path) -> None:
    for name, size in [("whole", 10), ("pieces", 3), ("again", 10)]:
        write_all(tmp_path / name, size)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "pieces").read_bytes()
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "again").read_bytes()


def test_compressed_images_are_the_same(tmp_path: Path) -> None:
    write_packed_images(tmp_path / "packed.h5", IMAGES, np.arange(10) % 2, np.arange(10), ["a", "b"])
    with ImageFile(tmp_path / "packed.h5") as file:
        np.testing.assert_array_equal(file.images(), IMAGES)
        np.testing.assert_array_equal(file.labels, np.arange(10) % 2)
        assert file.classes == ["a", "b"]


def test_too_few_images_leave_no_file(tmp_path: Path) -> None:
    labels = np.zeros(3)
    with pytest.raises(ValueError, match="3 images announced, 2 written"):  # noqa: SIM117
        with write_images(tmp_path / "short.h5", (6, 5, 3), labels, labels, []) as writer:
            writer.append(IMAGES[:2])
    assert list(tmp_path.iterdir()) == []


def test_missing_truncated_and_foreign_files_are_one_line(tmp_path: Path) -> None:
    write_all(tmp_path / "good.h5")
    content = (tmp_path / "good.h5").read_bytes()
    (tmp_path / "half.h5").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.h5").write_text("no HDF5")
    with h5py.File(tmp_path / "float.h5", "w") as file:
        file["labels"] = file["index"] = np.arange(2)
        file["images"] = np.zeros((2, 4, 4, 1))
    with h5py.File(tmp_path / "count.h5", "w") as file:
        file["labels"] = file["index"] = np.arange(2)
        file["images"] = np.zeros((3, 4, 4, 1), np.uint8)
    for name, fault in [
        ("none", "there is no such image file"),
        ("half", "truncated or damaged"),
        ("text", "truncated or damaged"),
        ("float", "must be uint8"),
        ("count", "expected 4 axes with 2 images first"),
    ]:
        with pytest.raises(UserError, match=fault) as caught:
            ImageFile(tmp_path / f"{name}.h5")
        assert f"{name}.h5" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("classes", ['["a", "b"', "{}", "[1, 2]", 3])
def test_class_names_that_are_no_list_are_one_line(tmp_path: Path, classes: object) -> None:
    write_all(tmp_path / "images.h5")
    with h5py.File(tmp_path / "images.h5", "r+") as file:
        file.attrs["classes"] = classes
    with pytest.raises(UserError, match=r"images\.h5: its attribute 'classes' is no JSON list of names"):
        ImageFile(tmp_path / "images.h5")


def test_damage_among_the_images_is_one_line(tmp_path: Path) -> None:
    write_packed_images(tmp_path / "packed.h5", IMAGES, np.zeros(10), np.arange(10), [])
    with h5py.File(tmp_path / "packed.h5") as file:
        place = file["images"].id.get_chunk_info(0).byte_offset
    with open(tmp_path / "packed.h5", "r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 8)
    with ImageFile(tmp_path / "packed.h5") as file:
        for read in (file.images, lambda: list(file.batches(4))):
            with pytest.raises(UserError, match=r"packed\.h5: damaged, its values cannot be read") as caught:
                read()
            assert "\n" not in str(caught.value)
