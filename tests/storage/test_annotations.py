from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.annotations import AnnotatedFile, write_annotated
from heterodox.storage.images import ImageFile
from heterodox.storage.rows import State

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (7, 5, 11, 3), dtype=np.uint8)
MASKS = {part: RANDOM.random((7, 5, 11)) < 0.5 for part in ("bill", "wing")}
POINTS = {"bill": RANDOM.random((7, 2)) * 10}
POINTS["bill"][3] = np.nan
VALUES = {"length": ["short", "long"], "crest": ["absent", "present"]}
ATTRIBUTES = {"length": np.array([0, 1, 1, 0, -1, 0, 1]), "crest": np.array([1, 1, 0, 0, 0, 1, 1])}
DRAWN = {"x": RANDOM.random(7)}


def write_all(path: Path, size: int = 7, state: State | None = None, stop: int = 7) -> None:
    labels = np.arange(7) % 3
    with write_annotated(
        path, (5, 11, 3), labels, labels + 5, ["a", "b", "c"], VALUES, ATTRIBUTES, {"seed": 3}, state
    ) as writer:
        for start in range(writer.filled, stop, size):
            rows = slice(start, min(start + size, stop))
            masks, points, drawn = ({name: all_[rows] for name, all_ in of.items()} for of in (MASKS, POINTS, DRAWN))
            writer.append(IMAGES[rows], masks, points, drawn)


@pytest.fixture
def annotated(tmp_path: Path) -> Iterator[AnnotatedFile]:
    write_all(tmp_path / "birds.h5")
    with AnnotatedFile(tmp_path / "birds.h5") as file:
        yield file


def test_what_is_written_is_read(annotated: AnnotatedFile) -> None:
    np.testing.assert_array_equal(annotated.images(), IMAGES)
    for name, places in ATTRIBUTES.items():
        np.testing.assert_array_equal(annotated.attribute(name), places)
    for part, masks in MASKS.items():
        np.testing.assert_array_equal(annotated.masks(part), masks)
        np.testing.assert_array_equal(annotated.masks(part, 2, 5), masks[2:5])
        np.testing.assert_array_equal(annotated.masks_at(part, [6, 0, 6]), masks[[6, 0, 6]])
    np.testing.assert_array_equal(annotated.key_points("bill"), POINTS["bill"])
    np.testing.assert_array_equal(annotated.parameters()["x"], DRAWN["x"])
    assert (annotated.values, annotated.parts, annotated.points) == (VALUES, ["bill", "wing"], ["bill"])
    assert annotated.attributes["seed"] == 3


def test_it_is_an_image_file_too(annotated: AnnotatedFile) -> None:
    with ImageFile(annotated.path) as file:
        np.testing.assert_array_equal(file.images(), IMAGES)
        assert file.classes == ["a", "b", "c"]


def test_bytes_depend_neither_on_batches_nor_on_the_attempt(tmp_path: Path) -> None:
    write_all(tmp_path / "whole")
    write_all(tmp_path / "pieces", 2)
    state = State(tmp_path / "state.h5", "same", seconds=0)
    with pytest.raises(ValueError, match="7 images announced, 4 written"):
        write_all(tmp_path / "resumed", 2, state, stop=4)
    assert not (tmp_path / "resumed").exists()
    assert state.rows() == 4
    write_all(tmp_path / "resumed", 3, state)
    assert len({(tmp_path / name).read_bytes() for name in ("whole", "pieces", "resumed")}) == 1


def test_what_nobody_annotated_is_one_line(annotated: AnnotatedFile) -> None:
    for ask, fault in [
        (lambda: annotated.attribute("colour"), "there is no attribute colour; it has length, crest"),
        (lambda: annotated.masks("tail"), "there are no masks of tail; it has bill, wing"),
        (lambda: annotated.key_points("wing"), "there are no key points of wing; it has bill"),
    ]:
        with pytest.raises(UserError, match=rf"birds\.h5: {fault}"):
            ask()


def test_a_mask_of_another_size_is_refused_when_written_and_when_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a mask of bill has 5 x 10 pixels, its image 5 x 11"):  # noqa: SIM117
        with write_annotated(tmp_path / "new.h5", (5, 11, 3), [0], [0], ["a"], {}, {}) as writer:
            writer.append(IMAGES[:1], {"bill": MASKS["bill"][:1, :, :10]}, {})
    assert not list(tmp_path.iterdir())
    write_all(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        del file["masks/bill"]
        file["masks/bill"] = np.zeros((7, 5, 1), np.uint8)
    with pytest.raises(UserError, match=r"old\.h5: the masks of bill are uint8 \(5, 1\), which are not the bits of"):
        AnnotatedFile(tmp_path / "old.h5")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("attributes/length", np.full(7, 2), "must hold 7 places in a list of 2 values"),
        ("attributes/length", np.zeros(6, int), "must hold 7 places in a list of 2 values"),
        ("key_points/bill", np.zeros((7, 3)), r"must be floats \(N, 2\)"),
    ],
)
def test_annotations_that_cannot_be_are_one_line(tmp_path: Path, name: str, content: np.ndarray, fault: str) -> None:
    write_all(tmp_path / "bad.h5")
    with h5py.File(tmp_path / "bad.h5", "r+") as file:
        del file[name]
        file[name] = content
    with AnnotatedFile(tmp_path / "bad.h5") as file:
        ask = file.attribute if name.startswith("attributes") else file.key_points
        with pytest.raises(UserError, match=fault):
            ask(name.partition("/")[2])


@pytest.mark.parametrize("values", ["[1]", '{"a": 3}', "{", 3])
def test_lists_of_values_that_are_none_are_one_line(tmp_path: Path, values: object) -> None:
    write_all(tmp_path / "bad.h5")
    with h5py.File(tmp_path / "bad.h5", "r+") as file:
        file.attrs["values"] = values
    with pytest.raises(UserError, match="its attribute 'values' is no JSON object of lists"):
        AnnotatedFile(tmp_path / "bad.h5")
