import numpy as np
import pytest
import torch

from heterodox.streams import torch_stream
from heterodox.training.augmentation import draw_flips_and_shifts, flip_and_shift


def slowly(image, flip, down, right):
    """One image (H, W, C), pixel by pixel."""
    height, width, _ = image.shape
    moved = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                moved[row + down, column + right] = image[row, column]
    return moved[:, ::-1] if flip else moved


@pytest.mark.parametrize("shift", [0, 2])
def test_equals_the_obvious_loop(shift):
    images = torch.randint(1, 256, (40, 5, 7, 3), dtype=torch.uint8, generator=torch_stream(0, "test"))
    draws = draw_flips_and_shifts(40, True, shift, torch_stream(1, "test"))
    changed = flip_and_shift(images, draws, shift).numpy()
    for i in range(40):
        flip, down, right = bool(draws["flip"][i]), int(draws["rows"][i]), int(draws["columns"][i])
        np.testing.assert_array_equal(changed[i], slowly(images[i].numpy(), flip, down, right))


def test_draws_cover_their_range_and_half_is_mirrored():
    draws = draw_flips_and_shifts(4000, True, 2, torch_stream(1, "test"))
    for name in ("rows", "columns"):
        assert torch.bincount(draws[name] + 2).tolist() == pytest.approx([800] * 5, abs=120)
    assert draws["flip"].sum().item() == pytest.approx(2000, abs=150)
    assert not draw_flips_and_shifts(4000, False, 2, torch_stream(1, "test"))["flip"].any()


def test_an_image_is_changed_alike_in_any_batch():
    images = torch.randint(0, 256, (12, 6, 6, 1), dtype=torch.uint8, generator=torch_stream(0, "test"))
    draws = draw_flips_and_shifts(12, True, 1, torch_stream(1, "test"))
    together = flip_and_shift(images, draws, 1)
    rows = torch.tensor([7, 2, 11])
    alone = flip_and_shift(images[rows], {name: values[rows] for name, values in draws.items()}, 1)
    assert torch.equal(alone, together[rows])
