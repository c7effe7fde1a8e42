"""From maps to marks: words, points and boxes known by hand."""

import numpy as np
import pytest
from skimage.measure import label, regionprops

from heterodox.explain.arrows import Box
from heterodox.explain.marks import described, label_of, mark_of_map, mark_of_part


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("bill", "long", "long bill"),
        ("wing", "wing_bar", "wing bar"),
        ("cheek_patch", "present", "cheek patch"),
        ("crest", "absent", None),
        ("has_bill_shape", "curved_(up_or_down)", "curved bill shape"),
    ],
)
def test_a_value_becomes_words(attribute: str, value: str, words: str | None) -> None:
    assert label_of(attribute, value) == words


def test_words_become_a_sentence() -> None:
    assert described(["long bill", "orange eye", "crest"]) == "It has a long bill, an orange eye and a crest."
    assert described(["crest"]) == "It has a crest."
    assert described([]) == "It has no marks."


def test_a_point_is_the_centre_of_mass_in_pixels_from_the_corner() -> None:
    heat = np.zeros((10, 20))
    heat[2, 3], heat[2, 7] = 1.0, 1.0
    assert mark_of_map("bill", heat).point == (5.5, 2.5)


def test_a_box_surrounds_the_region_of_the_largest_value_as_scikit_image_sees_it() -> None:
    heat = np.random.default_rng(3).random((24, 24)) ** 6
    regions = label(heat > 0.3, connectivity=2)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    wanted = next(one for one in regionprops(regions) if one.label == regions[row, column])
    top, left, bottom, right = wanted.bbox
    assert mark_of_map("", heat).box == Box(left, top, right, bottom)


def test_a_map_of_zeros_points_at_the_middle() -> None:
    mark = mark_of_map("bill", np.zeros((10, 20)))
    assert mark.point == (10, 5)
    assert mark.box == Box(0, 0, 20, 10)


def test_a_part_is_marked_by_its_key_point_or_else_by_its_middle() -> None:
    mask = np.zeros((8, 8), bool)
    mask[2:4, 4:7] = True
    marked = mark_of_part("eye", mask, np.array([6.0, 1.0]))
    assert marked is not None
    assert (marked.point, marked.box) == ((6.5, 1.5), Box(4, 2, 7, 4))
    unmarked = mark_of_part("eye", mask, np.array([np.nan, np.nan]))
    assert unmarked is not None
    assert unmarked.point == (5.5, 3.0)
    assert mark_of_part("eye", np.zeros((8, 8), bool), np.array([1.0, 1.0])) is None


def test_a_mark_grows_with_its_image() -> None:
    mark = mark_of_map("bill", np.eye(4)).resized(3)
    assert mark.point == (6, 6)
    assert mark.box == Box(0, 0, 12, 12)
