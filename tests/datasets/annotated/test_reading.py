from pathlib import Path

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from PIL import Image

from heterodox.datasets.annotated import reading
from heterodox.errors import UserError


def test_a_polygon_holds_the_pixels_whose_centres_lie_inside() -> None:
    points = [3.2, 2.1, 27.7, 6.4, 22.3, 18.9, 12.6, 9.3, 5.1, 19.2]
    rows, columns = np.mgrid[:22, :30]
    centres = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], 1)
    expected = Outline(np.reshape(points, (-1, 2))).contains_points(centres).reshape(22, 30)
    found = reading.polygon(points, (30, 22))
    corners = np.reshape(points, (-1, 2))
    edges = [np.linspace(*ends, 2000) for ends in zip(corners, np.roll(corners, -1, 0), strict=True)]
    for x, y in centres[(found != expected).ravel()]:
        assert min(np.hypot(*(edge - (x, y)).T).min() for edge in edges) < 0.12  # a ninth of a pixel
    assert expected.sum() > 150


def test_a_rectangle_of_whole_pixels_is_exact() -> None:
    found = reading.polygon([2, 1, 7, 1, 7, 4, 2, 4], (10, 6))
    expected = np.zeros((6, 10), bool)
    expected[1:4, 2:7] = True
    np.testing.assert_array_equal(found, expected)


def test_run_lengths_go_down_the_columns() -> None:
    found = reading.run_lengths([1, 2, 3], (2, 3), "file")
    np.testing.assert_array_equal(found, [[False, False], [True, False], [True, False]])


def packed(lengths: list[int]) -> str:
    """COCO's rleToString, written from its description: differences from the fourth on, five bits a letter."""
    text = ""
    for place, length in enumerate(lengths):
        value = length - lengths[place - 2] if place > 2 else length
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr((bits | 32 if more else bits) + 48)
            if not more:
                break
    return text


def test_packed_run_lengths_are_the_same() -> None:
    mask = np.random.default_rng(0).random((40, 70)) < 0.3
    mask[5:30, 10:50] = True
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    lengths = [0, *lengths] if flat[0] else lengths
    np.testing.assert_array_equal(reading.run_lengths(lengths, (70, 40), "file"), mask)
    np.testing.assert_array_equal(reading.run_lengths(packed(lengths), (70, 40), "file"), mask)


def test_the_example_of_coco_is_unpacked() -> None:
    lengths = [6, 1, 40, 4, 5, 4, 5, 4, 21]  # the example in COCO's own mask interface
    mask = reading.run_lengths(lengths, (10, 9), "file")
    np.testing.assert_array_equal(reading.run_lengths("61X13mN000`0", (10, 9), "file"), mask)
    assert packed(lengths) == "61X13mN000`0"


def test_run_lengths_of_another_size_are_one_line() -> None:
    with pytest.raises(UserError, match=r"file: run lengths of 6 pixels for an image of 3 x 3"):
        reading.run_lengths([1, 2, 3], (3, 3), "file")


def test_a_shrunk_mask_keeps_what_is_half_full_and_never_vanishes() -> None:
    mask = np.zeros((8, 12), bool)
    mask[:4, :6] = True  # the upper left quarter
    expected = np.zeros((4, 4), bool)
    expected[:2, :2] = True
    np.testing.assert_array_equal(reading.shrunk(mask, 4), expected)
    speck = np.zeros((80, 80), bool)
    speck[41, 63] = True
    assert np.argwhere(reading.shrunk(speck, 8)).tolist() == [[4, 6]]
    assert not reading.shrunk(np.zeros((8, 8), bool), 4).any()


def test_key_points_are_stretched_with_the_pixels() -> None:
    # The centre of an image of 10 x 20 pixels is (4.5, 9.5), that of 5 x 5 pixels (2, 2).
    points = np.array([[4.5, 9.5], [-0.5, -0.5], [np.nan, 3]])
    np.testing.assert_allclose(reading.stretched(points, (10, 20), 5), [[2, 2], [-0.5, -0.5], [np.nan, 0.375]])


def test_a_centroid_is_the_mean_of_its_pixels() -> None:
    mask = np.zeros((5, 7), bool)
    mask[1, [2, 4]] = mask[4, 6] = True
    np.testing.assert_allclose(reading.centroid(mask), [4, 2])
    assert np.isnan(reading.centroid(np.zeros((3, 3), bool))).all()


def test_unreadable_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "table.txt").write_text("1 a\n2\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    Image.new("L", (4, 3)).save(tmp_path / "mask.png")
    for ask, fault in [
        (lambda: reading.picture(tmp_path / "none.jpg", 8), r"none\.jpg: there is no such image"),
        (lambda: reading.picture(tmp_path / "text.png", 8), r"text\.png: not a readable image"),
        (lambda: reading.size_of(tmp_path / "text.png"), r"text\.png: not a readable image"),
        (lambda: reading.mask_file(tmp_path / "text.png", (4, 3)), r"text\.png: not a readable mask"),
        (lambda: reading.mask_file(tmp_path / "mask.png", (3, 4)), r"mask\.png: has 4 x 3 pixels, its image 3 x 4"),
        (lambda: reading.table_rows(tmp_path / "table.txt", 2), r"table\.txt: line 2 has 1 entries instead of 2"),
        (lambda: reading.table_rows(tmp_path / "bytes.txt", 2), r"bytes\.txt: not readable as text"),
        (lambda: reading.table_rows(tmp_path / "none.txt", 2), r"none\.txt: there is no such annotation file"),
        (lambda: reading.numbers(["1", "x"], tmp_path / "t.txt"), r"t\.txt: '1 x' are no numbers"),
    ]:
        with pytest.raises(UserError, match=fault) as caught:
            ask()
        assert "\n" not in str(caught.value)
