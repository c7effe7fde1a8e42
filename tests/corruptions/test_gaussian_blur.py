import numpy as np
from PIL import Image, ImageFilter

from heterodox.corruptions import interface


def test_deviation_of_a_blurred_point_and_borders_kept() -> None:
    side = 112
    image = np.zeros((1, side, side, 1), np.uint8)
    image[0, 40:72, 40:72] = 255
    parameters = interface.draw_parameters("gaussian_blur-10.0", "toy", 1, np.arange(1), (side, side, 1))
    assert parameters["deviation"].item() == 3.0
    result = interface.apply("gaussian_blur", image, parameters)[0, ..., 0]
    other = np.asarray(Image.fromarray(image[0, ..., 0]).filter(ImageFilter.GaussianBlur(3.0)))
    assert np.abs(result.astype(int) - other).max() <= 4
    flat = np.full_like(image, 77)
    np.testing.assert_allclose(interface.apply("gaussian_blur", flat, parameters).astype(int), 77, atol=1)


def test_channels_stay_apart() -> None:
    image = np.zeros((1, 16, 16, 3), np.uint8)
    image[..., 1] = 200
    parameters = interface.draw_parameters("gaussian_blur-10.0", "toy", 1, np.arange(1), (16, 16, 3))
    result = interface.apply("gaussian_blur", image, parameters)
    assert not result[..., 0].any()
    assert not result[..., 2].any()
    assert (result[..., 1] >= 199).all()
