import numpy as np
import pytest

from heterodox.datasets.birds import shapes
from heterodox.datasets.birds.shapes import Plane


def plane(size: int = 80) -> Plane:
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    return Plane(columns[None], rows[None]).moved(size / 2 - 0.3, size / 2 + 0.2)


def area(distance: np.ndarray) -> float:
    return float(shapes.coverage(distance, 1.0).sum())


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (shapes.circle(plane(), 20), np.pi * 20**2),
        (shapes.ellipse(plane().turned(0.7), 25, 9), np.pi * 25 * 9),
        (shapes.stick(plane().turned(-0.4), 15, 4), np.pi * 4**2 + 15 * 8),
        # Two circular segments: chord 2 * 24, height 10, radius (24^2 + 10^2) / 20 = 33.8.
        (
            shapes.leaf(plane().turned(1.1), 24, 10),
            2 * (33.8**2 * np.arcsin(24 / 33.8) - 24 * (33.8 - 10)),
        ),
        # The integral of twice base * (1 - (x / length)^2) over the length.
        (shapes.spike(plane().turned(0.3), 24, 6), 2 * 6 * 24 * 2 / 3),
    ],
    ids=["circle", "ellipse", "stick", "leaf", "spike"],
)
def test_a_shape_covers_its_area(distance: np.ndarray, expected: float) -> None:
    assert area(distance) == pytest.approx(expected, rel=0.01)


def test_a_joint_holds_both_shapes_and_little_more() -> None:
    first, second = shapes.circle(plane(), 15), shapes.circle(plane().moved(20, 0), 12)
    joint = shapes.joined(first, second, 6.0)
    assert (joint <= np.minimum(first, second) + 1e-5).all()
    np.testing.assert_allclose(joint[np.abs(first - second) > 6], np.minimum(first, second)[np.abs(first - second) > 6])
    assert area(joint) < 1.1 * area(np.minimum(first, second))


def test_a_turned_frame_turns_from_x_to_y() -> None:
    turned = Plane(np.array([[[0.0]]], np.float32), np.array([[[1.0]]], np.float32)).turned(np.pi / 2)
    assert (float(turned.x[0, 0, 0]), float(turned.y[0, 0, 0])) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_an_edge_through_the_middle_of_a_pixel_covers_half_of_it() -> None:
    line = Plane(np.arange(5, dtype=np.float32)[None, None], np.zeros((1, 1, 5), np.float32))
    np.testing.assert_allclose(shapes.coverage(line.x - 2, 1.0)[0, 0], [1, 1, 0.5, 0, 0])
    np.testing.assert_allclose(shapes.coverage((line.x - 2.25) / 10, 10.0)[0, 0], [1, 1, 0.75, 0, 0], atol=1e-6)
