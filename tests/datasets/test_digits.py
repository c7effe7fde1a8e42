import numpy as np
from sklearn.datasets import load_digits

from heterodox.datasets.digits import enlarged, official_parts


def test_parts_hold_every_digit_once():
    parts = official_parts({})
    assert len(parts["train"]) + len(parts["test"]) == 1797
    index = np.concatenate([parts["train"].index, parts["test"].index])
    assert sorted(index) == list(range(1797))
    for part in parts.values():
        np.testing.assert_array_equal(part.labels, load_digits().target[part.index])
        assert part.classes[part.labels[0]] == f"digit {part.labels[0]}"


def test_digits_keep_their_brightness_and_place():
    levels = load_digits().images[0]
    image = enlarged(levels, 28)
    assert image.dtype == np.uint8
    assert image.max() > 240
    assert image.min() == 0
    assert abs(image.mean() / 255 - levels.mean() / 16) < 0.02
    rows, small = np.arange(28), np.arange(8)
    centre = (image.sum(1) * (rows + 0.5)).sum() / image.sum() / 28
    assert abs(centre - (levels.sum(1) * (small + 0.5)).sum() / levels.sum() / 8) < 0.02
    # Between two of the old pixels the new ones pass through values of both.
    assert len(np.unique(image)) > 60


def test_a_plain_area_stays_plain():
    assert (enlarged(np.full((8, 8), 8.0), 20) == 128).all()


def test_images_are_read_by_rows_at_the_size_asked_for():
    test = official_parts({"crop": 16})["test"]
    assert test.shape == (16, 16, 1)
    images = test.read(np.array([3, 0]))
    assert images.shape == (2, 16, 16, 1)
    np.testing.assert_array_equal(images[1, ..., 0], enlarged(load_digits().images[test.index[0]], 16))
