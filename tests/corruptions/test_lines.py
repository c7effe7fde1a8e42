import numpy as np
from skimage.draw import line_aa

from bench.per_pixel_corruptions import opacities
from heterodox.corruptions import interface, lines


def test_share_and_strength_of_the_lines_are_those_of_the_original() -> None:
    black = np.zeros((100, 224, 224, 1), np.uint8)
    result = interface.apply(
        "lines", black, interface.draw_parameters("lines-1.6", "toy", 1, np.arange(100), (224, 224, 1))
    )
    touched = (result > 0).mean(axis=(1, 2, 3))
    assert abs(touched.mean() - 0.253) < 0.004
    assert 0.006 < touched.std() < 0.012
    assert abs(result.mean() / 128 - 0.136) < 0.003


def test_number_of_lines_is_truncated() -> None:
    counts = [len(lines.end_points(224, 0.0, 0.5, 1, severity / 10)) for severity in (0.8, 1.6, 2.4, 8.0)]
    assert counts == [17, 35, 53, 179]


def test_one_line_is_drawn_as_scikit_image_draws_it() -> None:
    random = np.random.default_rng(0)
    corners = [[5, 5, 5, 5], [3, -9, 3, 40], [-9, 3, 40, 3], [0, 0, 2, 1]]
    for ends in [*random.integers(-30, 60, (300, 4)).tolist(), *corners]:
        rows, columns, opacity = line_aa(*ends)
        assert opacities(*ends) == dict(zip(zip(rows.tolist(), columns.tolist(), strict=True), opacity, strict=True))
        image = random.integers(0, 256, (24, 30, 3), dtype=np.uint8)
        inside = (rows >= 0) & (rows < 24) & (columns >= 0) & (columns < 30)
        rows, columns, opacity = rows[inside], columns[inside], opacity[inside, None]
        expected = image.copy()
        expected[rows, columns] = (1 - opacity) * expected[rows, columns] + opacity * 128
        lines._draw_lines(image, np.array([ends]))
        np.testing.assert_array_equal(image, expected)
