import numpy as np
import pytest
from matplotlib.colors import to_rgb

from heterodox.figures import agreeing_pixels
from heterodox.figures.saliency_maps import MemberMaps
from tests.figures.study import all_words, misplaced_texts

CLASSES = ["T-shirt/top", "black-footed ferret of the plains", "a", "b"]


def example(count: int = 4, shape=(28, 28, 1)):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
    names = ("a_member_with_a_very_long_name", "deit")
    members = [MemberMaps(name, generator.random((count, *shape[:2])), np.arange(count)) for name in names]
    return images, np.arange(count), CLASSES, members, np.linspace(0, 1, count)


@pytest.mark.parametrize(("count", "shape"), [(4, (28, 28, 1)), (4, (64, 48, 3)), (1, (28, 28, 1))])
def test_texts_are_legible(count: int, shape: tuple[int, ...]) -> None:
    figure = agreeing_pixels.draw(*example(count, shape))
    assert misplaced_texts(figure) == []
    assert "cosine 0.00" in all_words(figure)
    assert "T-shirt/top" in all_words(figure)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_open_in_proportion_up_to_the_strongest_tenth(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (10, 11, channels), dtype=np.uint8)
    values = np.linspace(0, 1, 110).reshape(10, 11)
    shown = agreeing_pixels.uncovered(image, values)
    cover, pixels = np.array(to_rgb(agreeing_pixels.COVER)), np.broadcast_to(image / 255, (10, 11, 3))
    np.testing.assert_allclose(shown[9], pixels[9])
    np.testing.assert_allclose(shown[0, 0], cover)
    np.testing.assert_allclose(shown.reshape(-1, 3)[49], (pixels.reshape(-1, 3)[49] + cover) / 2, atol=0.01)


def test_maps_with_few_values_or_none_are_drawn() -> None:
    image, values = np.full((10, 10, 1), 255, np.uint8), np.zeros((10, 10))
    np.testing.assert_allclose(agreeing_pixels.uncovered(image, values)[3, 3], to_rgb(agreeing_pixels.COVER))
    values[3, 3] = 1e-8
    np.testing.assert_allclose(agreeing_pixels.uncovered(image, values)[3, 3], 1)
