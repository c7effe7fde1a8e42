"""Labels of arrows: for any bird, any targets and up to eight labels, all that the layout promises holds."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heterodox.explain.arrows import Arrow, Box, Layout, lay_out


@st.composite
def scenes(draw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a bird (H, W), targets (n, 2) and sizes of labels (n, 2): blobs, frames, noise, empty and full images."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = (int(side) for side in generator.integers(24, 200, 2))
    y, x = np.mgrid[:height, :width]
    kind = draw(st.sampled_from(["blob", "frame", "noise", "empty", "full", "two"]))
    if kind in ("blob", "two"):
        bird = np.zeros((height, width), bool)
        for _ in range(2 if kind == "two" else 1):
            middle, radius = generator.uniform(0.2, 0.8, 2), generator.uniform(0.08, 0.5, 2)
            bird |= ((x / width - middle[0]) / radius[0]) ** 2 + ((y / height - middle[1]) / radius[1]) ** 2 < 1
    elif kind == "frame":
        bird = (np.minimum(x, width - 1 - x) < 0.1 * width) | (np.minimum(y, height - 1 - y) < 0.1 * height)
    else:
        bird = generator.random((height, width)) < {"noise": 0.02, "empty": -1, "full": 2}[kind]
    count = draw(st.integers(1, 8))
    shares = generator.random((count, 2))
    if draw(st.booleans()):
        shares = np.round(shares * 2) / 2  # corners, edges, and several targets at one point
    sizes = np.stack([generator.uniform(0.05, 0.5, count) * width, generator.uniform(0.03, 0.15, count) * height], 1)
    return bird, shares * [width, height], sizes


def inside(point: tuple[float, float], box: Box) -> bool:
    return box.left < point[0] < box.right and box.top < point[1] < box.bottom


def cross(one: Arrow, other: Arrow) -> bool:
    """Solve for where the two lines meet, by Cramer's rule, and look whether that is inside both arrows."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = one.tail, one.tip, other.tail, other.tip
    determinant = (bx - ax) * (cy - dy) - (by - ay) * (cx - dx)
    if abs(determinant) < 1e-9:
        return False
    s = ((cx - ax) * (cy - dy) - (cy - ay) * (cx - dx)) / determinant
    t = ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / determinant
    return 1e-6 < s < 1 - 1e-6 and 1e-6 < t < 1 - 1e-6


def covers(label: Box, bird: np.ndarray) -> bool:
    rows = slice(max(0, int(np.floor(label.top))), max(0, int(np.ceil(label.bottom))))
    columns = slice(max(0, int(np.floor(label.left))), max(0, int(np.ceil(label.right))))
    return bool(bird[rows, columns].any())


def over_labels(layout: Layout) -> int:
    """Count the arrows that pass over another arrow's label, by points along the arrow."""
    steps = np.linspace(0, 1, 50)[:, None]
    return sum(
        any(inside(point, other.label) for point in np.array(arrow.tail) * (1 - steps) + np.array(arrow.tip) * steps)
        for arrow in layout.arrows
        for other in layout.arrows
        if other is not arrow
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(scenes())
def test_labels_stay_apart_off_the_bird_and_on_the_canvas_and_no_arrows_cross(scene) -> None:
    bird, targets, sizes = scene
    layout = lay_out([str(place) for place in range(len(targets))], targets, sizes, bird, gap=1.0)
    canvas, height, width = layout.canvas, *bird.shape
    assert canvas.left <= 0
    assert canvas.top <= 0
    assert canvas.right >= width
    assert canvas.bottom >= height
    for arrow, target, size in zip(layout.arrows, targets, sizes, strict=True):
        label = arrow.label
        assert arrow.tip == pytest.approx(tuple(target))
        assert (label.right - label.left, label.bottom - label.top) == pytest.approx(tuple(size))
        assert canvas.left <= label.left <= label.right <= canvas.right
        assert canvas.top <= label.top <= label.bottom <= canvas.bottom
        assert not covers(label, bird)
        on_edge = [abs(arrow.tail[0] - at) < 1e-6 for at in (label.left, label.right)]
        on_edge += [abs(arrow.tail[1] - at) < 1e-6 for at in (label.top, label.bottom)]
        assert any(on_edge)
        assert not any(inside(tuple(tip), label) for tip in targets)
    for one, other in combinations(layout.arrows, 2):
        a, b = one.label, other.label
        assert a.right < b.left or b.right < a.left or a.bottom < b.top or b.bottom < a.top
        assert not cross(one, other)


def test_labels_of_an_ordinary_bird_stay_in_the_image_and_no_arrow_passes_over_a_label() -> None:
    y, x = np.mgrid[:128, :128]
    for seed in range(25):
        generator = np.random.default_rng(seed)
        middle = generator.uniform(0.4, 0.6, 2) * 128
        bird = ((x - middle[0]) / 35) ** 2 + ((y - middle[1]) / 25) ** 2 < 1
        targets = np.argwhere(bird)[generator.integers(0, bird.sum(), 5), ::-1] + 0.5
        layout = lay_out(list("abcde"), targets, np.tile([36.0, 8.0], (5, 1)), bird)
        assert layout.canvas == Box(0, 0, 128, 128)
        assert over_labels(layout) == 0


def test_a_lone_label_takes_the_nearest_free_place() -> None:
    bird = np.zeros((50, 100), bool)
    bird[:, :60] = True
    arrow = lay_out(["bill"], np.array([[58.0, 25.0]]), np.array([[20.0, 6.0]]), bird, gap=2.0).arrows[0]
    # The bird ends at 60, the gap is 2, an arrow is at least as long as its label is high.
    assert 62 <= arrow.label.left <= 72
    assert abs((arrow.label.top + arrow.label.bottom) / 2 - 25) < 6


def test_a_bird_that_fills_the_image_has_its_labels_beside_it() -> None:
    layout = lay_out(
        ["bill", "wing"], np.array([[5.0, 20.0], [55.0, 20.0]]), np.full((2, 2), 10.0), np.ones((40, 60), bool)
    )
    assert layout.canvas.left < 0
    assert [arrow.label.right <= 0 for arrow in layout.arrows] == [True, False]
    assert layout.arrows[1].label.left >= 60


def test_layout_is_the_same_every_time_and_plain_in_json() -> None:
    bird = np.zeros((64, 64), bool)
    bird[20:44, 20:44] = True
    arguments = (
        ["long bill", "eye"],
        np.array([[22.0, 30.0], [40.0, 25.0]]),
        np.array([[20.0, 6.0], [9.0, 6.0]]),
        bird,
    )
    assert lay_out(*arguments) == lay_out(*arguments)
    plain = lay_out(*arguments).as_json()
    assert plain["canvas"] == [0, 0, 64, 64]
    assert [(arrow["text"], arrow["tip"]) for arrow in plain["arrows"]] == [("long bill", [22, 30]), ("eye", [40, 25])]


def test_nothing_to_label_is_an_image_without_arrows() -> None:
    assert lay_out([], np.empty((0, 2)), np.empty((0, 2)), np.zeros((8, 9), bool)) == Layout(Box(0, 0, 9, 8), [])


@pytest.mark.parametrize("target", [[np.nan, 1.0], [-1.0, 2.0], [9.0, 2.0]])
def test_a_target_outside_the_image_is_refused(target: list[float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        lay_out(["a"], np.array([target]), np.array([[2.0, 2.0]]), np.zeros((8, 8), bool))
