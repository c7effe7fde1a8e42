import pytest
import torch

from heterodox.streams import torch_stream
from heterodox.training.views import NUMBERS, draw_views, view


def numbers(count=1, **chosen):
    """Return draws that change nothing: whole image, square, unmirrored, neither brighter nor blurred."""
    plain = {"area": 1.0, "aspect": 0.5, "down": 0.5, "right": 0.5, "mirror": 0.9, "brightness": 0.5, "contrast": 0.5}
    return torch.tensor([[{**plain, "blur": 0.0, **chosen}[name] for name in NUMBERS]] * count)


@pytest.fixture
def pixels():
    return torch.rand(3, 2, 8, 8, generator=torch_stream(0, "test"))


def test_the_whole_image_comes_back_and_mirrored_comes_back_mirrored(pixels):
    torch.testing.assert_close(view(pixels, numbers(3), (0.5, 1.0), 0.4), pixels)
    torch.testing.assert_close(view(pixels, numbers(3, mirror=0.1), (0.5, 1.0), 0.4), pixels.flip(3))


@pytest.mark.parametrize(("down", "right"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_a_quarter_of_the_area_is_a_corner_enlarged_twice(pixels, down, right):
    row, column = int(4 * down), int(4 * right)
    corner = pixels[:, :, row : row + 4, column : column + 4]
    enlarged = torch.nn.functional.interpolate(corner, scale_factor=2, mode="bilinear", align_corners=False)
    cropped = view(pixels, numbers(3, area=0.0, down=down, right=right), (0.25, 1.0), 0.4)
    # at the corner's inner rim a crop sees its neighbours, an enlarged corner does not
    torch.testing.assert_close(cropped[:, :, 1:-1, 1:-1], enlarged[:, :, 1:-1, 1:-1])


def test_brightness_contrast_and_blur_by_hand():
    pixels = torch.tensor([[0.2, 0.4], [0.4, 0.6]]).view(1, 1, 2, 2)
    brighter = view(pixels, numbers(brightness=1.0), (1.0, 1.0), 0.5)
    assert brighter.flatten().tolist() == pytest.approx([0.3, 0.6, 0.6, 0.9])
    flatter = view(pixels, numbers(contrast=0.0), (1.0, 1.0), 0.5)
    assert flatter.flatten().tolist() == pytest.approx([0.3, 0.4, 0.4, 0.5])
    assert view(pixels, numbers(blur=1.0), (1.0, 1.0), 0.5).flatten().tolist() == pytest.approx([0.4] * 4)


def test_crops_stay_inside_the_image():
    bright = torch.ones(500, 1, 8, 8)
    bright[:, :, 0, 0] = 0.5
    draws = draw_views(500, 1, torch_stream(0, "test"))[:, 0]
    seen = view(bright, draws, (0.1, 1.0), 0.0)
    assert seen.min() >= 0.5 - 1e-5
    assert seen.max() <= 1 + 1e-5


def test_an_image_is_seen_alike_in_any_batch(pixels):
    draws = draw_views(3, 2, torch_stream(0, "test"))
    together = view(pixels, draws[:, 1], (0.2, 0.9), 0.3)
    torch.testing.assert_close(view(pixels[2:], draws[2:, 1], (0.2, 0.9), 0.3), together[2:])
