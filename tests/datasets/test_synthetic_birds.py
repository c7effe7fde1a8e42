import numpy as np

from heterodox.datasets import synthetic_birds
from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import paint


def test_a_bird_is_the_painter_s_whatever_is_read_beside_it() -> None:
    part = synthetic_birds.official_parts({})["test"]
    painted = paint(traits.draw(0, "synthetic birds test", np.array([3, 7])), 64).images
    np.testing.assert_array_equal(part.read(np.array([3, 7])), painted)
    np.testing.assert_array_equal(part.read(np.array([7])), painted[1:])


def test_smaller_birds_are_means_over_areas() -> None:
    rows = np.array([0, 1])
    small = synthetic_birds.official_parts({"crop": 32})["train"].read(rows).astype(float)
    large = synthetic_birds.official_parts({})["train"].read(rows).astype(float)
    means = large.reshape(2, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=1.01)  # rows, then columns, are rounded


def test_the_parts_share_no_bird() -> None:
    parts = synthetic_birds.official_parts({"crop": 28})
    first = {image.tobytes() for image in parts["train"].read(np.arange(20))}
    assert not first & {image.tobytes() for image in parts["test"].read(np.arange(20))}
