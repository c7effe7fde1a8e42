"""Views of an image for self-supervision: where to crop, whether to mirror, how bright and how sharp."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

# What one view of one image draws, in this order.
NUMBERS = ("area", "aspect", "down", "right", "mirror", "brightness", "contrast", "blur")
ASPECTS = (3 / 4, 4 / 3)


def draw_views(count: int, views: int, generator: torch.Generator) -> Tensor:
    """Return uniform numbers in [0, 1), float32 (count, views, 8), one per image, view and name in NUMBERS."""
    return torch.rand(count, views, len(NUMBERS), generator=generator)


def view(pixels: Tensor, numbers: Tensor, scale: tuple[float, float], jitter: float) -> Tensor:
    """Return one view of each image: pixels in [0, 1] (n, C, H, W) and `numbers` (n, 8) to pixels (n, C, H, W).

    The crop covers a share of the area within `scale` and is enlarged to the image's size. Brightness and contrast
    (towards the image's mean) are multiplied by factors in 1 -+ `jitter`, and the result is clipped to [0, 1].
    """
    drawn = dict(zip(NUMBERS, numbers.unbind(1), strict=True))
    cropped = grid_sample(pixels, _crop_grid(drawn, scale, pixels.shape), padding_mode="border", align_corners=False)
    blurred = avg_pool2d(cropped, 3, stride=1, padding=1, count_include_pad=False)
    mixed = torch.lerp(cropped, blurred, _per_image(drawn["blur"]))
    bright = mixed * _per_image(1 + jitter * (2 * drawn["brightness"] - 1))
    mean = bright.mean(dim=(1, 2, 3), keepdim=True)
    return torch.lerp(mean, bright, _per_image(1 + jitter * (2 * drawn["contrast"] - 1))).clamp(0, 1)


def _crop_grid(drawn: dict[str, Tensor], scale: tuple[float, float], shape: torch.Size) -> Tensor:
    """Return where to sample: a rectangle inside the image, in grid coordinates from -1 to 1."""
    side = (scale[0] + (scale[1] - scale[0]) * drawn["area"]).sqrt()
    low, high = (math.log(aspect) / 2 for aspect in ASPECTS)
    stretch = torch.exp(low + (high - low) * drawn["aspect"])
    height, width = (side / stretch).clamp(max=1), (side * stretch).clamp(max=1)
    down, right = (1 - height) * (2 * drawn["down"] - 1), (1 - width) * (2 * drawn["right"] - 1)
    mirrored = torch.where(drawn["mirror"] < 0.5, -width, width)
    zero = torch.zeros_like(width)
    rows = [torch.stack([mirrored, zero, right], 1), torch.stack([zero, height, down], 1)]
    return affine_grid(torch.stack(rows, 1), list(shape), align_corners=False)


def _per_image(values: Tensor) -> Tensor:
    return values[:, None, None, None]
