import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import per_pixel_corruptions
from heterodox.corruptions import interface
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile, write_images

ROOT = Path(__file__).resolve().parents[2]
STUDY = ("lines", "plasma", "checkerboard", "water_drop")
ALL_SHIFTS = (
    "lines-1.6",
    "plasma-4.0",
    "checkerboard-4.0",
    "water_drop-7.0",
    "gaussian_noise-3.0",
    "gaussian_blur-3.0",
)
SHAPES = [(8, 8, 3), (9, 31, 1), (28, 28, 1), (40, 64, 3), (64, 33, 3)]


def some_images(shape: tuple[int, int, int], count: int = 3) -> np.ndarray:
    """Noise, a flat image, and one that is half white: flat regions are where the last bit decides a truncation."""
    images = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    images[1] = 201
    images[2, :, : shape[1] // 2] = 255
    return images


def corrupted(shift: str, images: np.ndarray, index: np.ndarray | None = None) -> np.ndarray:
    index = np.arange(len(images)) if index is None else index
    parameters = interface.draw_parameters(shift, "toy", 1, index, images.shape[1:])
    return interface.apply(shift.split("-")[0], images, parameters)


def test_names_are_the_listing_of_the_folder() -> None:
    assert {*STUDY, "gaussian_noise", "gaussian_blur"} <= set(interface.names())
    for name in interface.names():
        assert callable(interface.load(name).draw_parameters)
        assert callable(interface.load(name).apply)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("shift", ["lines-0.8", "lines-8.0", "plasma-4.0", "plasma-10.0", "checkerboard-1.0"])
def test_equals_the_definition_pixel_by_pixel(shift: str, shape: tuple[int, int, int]) -> None:
    check_definition(shift, shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("shift", ["checkerboard-9.0", "water_drop-5.5", "water_drop-10.0", "water_drop-30.0"])
def test_equals_the_definition_pixel_by_pixel_too(shift: str, shape: tuple[int, int, int]) -> None:
    check_definition(shift, shape)


def check_definition(shift: str, shape: tuple[int, int, int]) -> None:
    corruption = shift.split("-")[0]
    images = some_images(shape)
    parameters = interface.draw_parameters(shift, "toy", 1, np.arange(3), shape)
    result = interface.apply(corruption, images, parameters)
    for row, image in enumerate(images):
        drawn = {name: values[row].item() for name, values in parameters.items()}
        expected = getattr(per_pixel_corruptions, corruption)(image, **drawn)
        np.testing.assert_array_equal(result[row], expected)


@pytest.mark.parametrize("shift", ALL_SHIFTS)
def test_depends_on_neither_batch_nor_order(shift: str) -> None:
    images = some_images((40, 48, 3), count=40)
    whole = corrupted(shift, images)
    order = np.random.default_rng(1).permutation(40)
    np.testing.assert_array_equal(corrupted(shift, images[order], order), whole[order])
    for row in (0, 2, 39):
        np.testing.assert_array_equal(corrupted(shift, images[row : row + 1], np.array([row]))[0], whole[row])
    assert (whole != images).any()


@pytest.mark.parametrize("shift", [shift for shift in ALL_SHIFTS if shift != "gaussian_blur-3.0"])
def test_every_name_in_the_key_changes_the_draw(shift: str) -> None:
    def draw(dataset: str = "toy", seed: int = 1, index: int = 5, shift: str = shift) -> dict[str, np.ndarray]:
        return interface.draw_parameters(shift, dataset, seed, np.array([index]), (28, 28, 1))

    other_severity = shift.split("-")[0] + "-2.0"
    others = [draw(dataset="other"), draw(seed=2), draw(index=6), draw(shift=other_severity)]
    random = {name for name, values in draw(index=6).items() if values != draw()[name]} - {"iterations"}
    assert random
    for name in random:
        assert len({values[name].item() for values in [draw(), *others]}) == 5
    assert draw() == draw()


@pytest.mark.parametrize("shift", ALL_SHIFTS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (50, 64, 3)], ids=str)
def test_torch_agrees_with_the_reference(shift: str, shape: tuple[int, int, int]) -> None:
    images = some_images(shape, count=20)
    corruption = shift.split("-")[0]
    parameters = interface.draw_parameters(shift, "toy", 1, np.arange(20), shape)
    reference = interface.apply(corruption, images, parameters)
    result = interface.load(corruption).apply(torch.from_numpy(images), parameters)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == torch.uint8
    difference = np.abs(result.numpy().astype(int) - reference)
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 1e-4


@pytest.mark.parametrize(
    ("shift", "fault"),
    [
        ("lines-0.0", "positive"),
        ("lines--1.6", "positive"),
        ("lines-nan", "positive"),
        ("lines-inf", "positive"),
        ("lines-much", "not a number"),
        ("lines", "not a number"),
        ("lines-1.60", "write the severity as 1.6"),
        ("plasma-4", "plasma-4.0"),
        ("lines-1_0.0", "lines-10.0"),
        ("fog-1.0", "checkerboard, gaussian_blur"),
    ],
)
def test_bad_shift_names_are_one_line(shift: str, fault: str) -> None:
    with pytest.raises(UserError, match=fault) as caught:
        interface.parse_shift(shift)
    assert "\n" not in str(caught.value)


def test_shift_names_are_read_back() -> None:
    for corruption, severity in [("lines", 1.6), ("water_drop", 7), ("plasma", 3.25)]:
        assert interface.parse_shift(interface.shift_name(corruption, severity)) == (corruption, repr(float(severity)))


def write_toy(path: Path, shape: tuple[int, int, int] = (28, 28, 1), count: int = 12) -> np.ndarray:
    images = some_images(shape, count)
    with write_images(path, shape, np.arange(count) % 3, np.arange(count) * 7, ["a", "b", "c"]) as writer:
        writer.append(images)
    return images


def test_corrupt_keeps_what_identifies_an_image_and_its_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = write_toy(tmp_path / "test.h5")
    interface.corrupt(tmp_path / "test.h5", tmp_path / "whole.h5", "water_drop-7.0", "toy", 1)
    monkeypatch.setattr("heterodox.storage.images.BATCH_BYTES", 5 * 28 * 28)
    interface.corrupt(tmp_path / "test.h5", tmp_path / "pieces.h5", "water_drop-7.0", "toy", 1)
    assert (tmp_path / "whole.h5").read_bytes() == (tmp_path / "pieces.h5").read_bytes()
    with ImageFile(tmp_path / "whole.h5") as shift:
        np.testing.assert_array_equal(shift.index, np.arange(12) * 7)
        np.testing.assert_array_equal(shift.labels, np.arange(12) % 3)
        assert shift.classes == ["a", "b", "c"]
        assert shift.attributes["severity"] == "7.0"
        applied_again = interface.apply("water_drop", images, shift.parameters())
        np.testing.assert_array_equal(shift.images(), applied_again)


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    write_toy(tmp_path / "test.h5")
    interface.corrupt(tmp_path / "test.h5", tmp_path / "here.h5", "lines-1.6", "toy", 1, jpeg_quality=85)
    config = {"dataset": "toy", "seed": 1, "jpeg_quality": 85}
    spec = json.dumps({"wildcards": {"shift": "lines-1.6"}, "config": config})
    program = [sys.executable, ROOT / "scripts" / "corrupt_images.py", "--spec", spec]
    paths = ["--images", tmp_path / "test.h5", "--shift", tmp_path / "there.h5", "--state", tmp_path / "state.h5"]
    subprocess.run([*program, *paths], check=True)
    assert (tmp_path / "here.h5").read_bytes() == (tmp_path / "there.h5").read_bytes()


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_comes_after_the_corruption_and_is_recorded(tmp_path: Path, channels: int) -> None:
    write_toy(tmp_path / "test.h5", (16, 24, channels), count=3)
    for name, quality in [("plain", None), ("fine", 95), ("coarse", 10)]:
        interface.corrupt(tmp_path / "test.h5", tmp_path / name, "lines-1.6", "toy", 1, jpeg_quality=quality)
    plain, fine, coarse = (ImageFile(tmp_path / name) for name in ("plain", "fine", "coarse"))
    with plain, fine, coarse:
        assert "jpeg_quality" not in plain.attributes
        assert fine.attributes["jpeg_quality"] == 95
        errors = [np.abs(file.images().astype(int) - plain.images()).mean() for file in (fine, coarse)]
        assert 0 < errors[0] < errors[1]
        np.testing.assert_array_equal(fine.images(), interface.jpeg_round_trip(plain.images(), 95))


def test_what_cannot_be_corrupted_is_one_line(tmp_path: Path) -> None:
    write_toy(tmp_path / "small.h5", (7, 28, 1), count=3)
    write_toy(tmp_path / "four.h5", (28, 28, 4), count=3)
    write_toy(tmp_path / "good.h5", count=3)
    for source, fault in [
        ("small.h5", "at least 8"),
        ("four.h5", "1 or 3 channels"),
        ("none.h5", "no such image file"),
    ]:
        with pytest.raises(UserError, match=fault):
            interface.corrupt(tmp_path / source, tmp_path / "shift.h5", "lines-1.6", "toy", 1)
    with pytest.raises(UserError, match="jpeg_quality"):
        interface.corrupt(tmp_path / "good.h5", tmp_path / "shift.h5", "lines-1.6", "toy", 1, jpeg_quality=0)
    assert not (tmp_path / "shift.h5").exists()
