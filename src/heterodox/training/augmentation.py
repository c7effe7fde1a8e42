"""Random changes of training images: numbers drawn per image and epoch, then applied to whole batches.

Every number is drawn for all images of the epoch at once, so that an image's change depends on the seed, the member,
the epoch and the image, and not on the batch in which it lands.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

Draws = dict[str, Tensor]


def draw_flips_and_shifts(count: int, flip: bool, shift: int, generator: torch.Generator) -> Draws:
    """Return `flip` (count,) bool, half of it true, and `rows`, `columns` (count,) int64 in -shift..shift."""
    return {
        "flip": (torch.rand(count, generator=generator) < 0.5) & flip,
        "rows": torch.randint(-shift, shift + 1, (count,), generator=generator),
        "columns": torch.randint(-shift, shift + 1, (count,), generator=generator),
    }


def flip_and_shift(images: Tensor, draws: Draws, shift: int) -> Tensor:
    """Return `images` (n, H, W, C), each moved down by `rows` and right by `columns` pixels, then mirrored by `flip`.

    What moves in is black. One gather serves the whole batch.
    """
    count, height, width, _ = images.shape
    padded = pad(images, (0, 0, shift, shift, shift, shift))
    across = torch.arange(width, device=images.device).expand(count, width)
    across = torch.where(draws["flip"][:, None], width - 1 - across, across)
    rows = torch.arange(height, device=images.device) + shift - draws["rows"][:, None]
    columns = across + shift - draws["columns"][:, None]
    image = torch.arange(count, device=images.device)
    return padded[image[:, None, None], rows[:, :, None], columns[:, None, :]]
