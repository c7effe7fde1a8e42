import numpy as np

from heterodox.corruptions import interface


def test_deviation_in_grey_levels() -> None:
    grey = np.full((20, 64, 64, 3), 128, np.uint8)
    parameters = interface.draw_parameters("gaussian_noise-2.0", "toy", 1, np.arange(20), (64, 64, 3))
    result = interface.apply("gaussian_noise", grey, parameters)
    assert abs(result.std() - 0.08 * 255) < 0.3
    assert abs(result.mean() - 127.5) < 0.3  # truncation takes half a level
    assert abs(np.corrcoef(result[0].ravel(), result[1].ravel())[0, 1]) < 0.05
