import numpy as np
import pytest

from heterodox.datasets.textures import PATTERNS, official_parts, render
from heterodox.streams import stream


def test_an_image_is_the_same_in_whatever_order_it_is_read():
    test = official_parts({})["test"]
    together = test.read(np.arange(8))
    for row in (7, 2):
        np.testing.assert_array_equal(test.read(np.array([row]))[0], together[row])
    train = official_parts({})["train"]
    assert not (train.read(np.arange(8)) == together).all(axis=(1, 2, 3)).any()
    assert test.shape == (28, 28, 3)
    assert official_parts({"crop": 40})["test"].read(np.array([1])).shape == (1, 40, 40, 3)


def test_labels_name_the_patterns():
    test = official_parts({})["test"]
    assert test.classes == list(PATTERNS)
    assert np.bincount(test.labels).tolist() == [500] * 5


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_texture_lies_between_a_dark_and_a_bright_colour(pattern):
    for number in range(20):
        image = render(pattern, 32, stream(1, "test", number)).astype(float)
        assert image.std() > 5, "something is to be seen"
        assert 20 < image.mean() < 235
        low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
        # All pixels lie on the line between two colours: one number tells the three channels.
        share = (image - low) / (high - low)
        channel = np.argmax(high - low)
        np.testing.assert_allclose(share, share[..., channel : channel + 1].repeat(3, 2), atol=2 / (high - low).min())


@pytest.mark.parametrize("pattern", ["checks", "dots"])
def test_hard_edged_patterns_have_two_colours(pattern):
    image = render(pattern, 32, stream(1, "test"))
    assert len(np.unique(image.reshape(-1, 3), axis=0)) == 2


def test_rings_and_noise_use_the_whole_range():
    for pattern in ("rings", "noise", "gratings"):
        mix = PATTERNS[pattern](64, stream(3, "range"))
        assert 0 <= mix.min() < 0.05
        assert 0.95 < mix.max() <= 1
