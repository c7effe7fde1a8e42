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


def draw_windows(count: int, height: int, width: int, generator: torch.Generator) -> Draws:
    """Return the centres of the windows that cut-out removes: `window_row`, `window_column` (count,) int64, uniform."""
    return {
        "window_row": torch.randint(height, (count,), generator=generator),
        "window_column": torch.randint(width, (count,), generator=generator),
    }


def kept_pixels(shape: tuple[int, int], draws: Draws, half_window: int) -> Tensor:
    """Return bool (n, 1, H, W): false where `flip_and_shift` moved something in, and in each image's cut-out window.

    A window reaches `half_window` pixels up and left of its centre and as many down and right, the centre included
    below and right (DeVries and Taylor 2017); what would lie outside of the image is lost. 0 cuts nothing out.
    """
    height, width = shape
    device = draws["rows"].device
    row, column = torch.arange(height, device=device), torch.arange(width, device=device)
    source_row = row - draws["rows"][:, None]
    across = torch.where(draws["flip"][:, None], width - 1 - column, column)
    source_column = across - draws["columns"][:, None]
    kept = _inside(source_row, height)[:, :, None] & _inside(source_column, width)[:, None, :]
    if half_window:
        cut_row = _in_window(row, draws["window_row"], half_window)
        cut_column = _in_window(column, draws["window_column"], half_window)
        kept &= ~(cut_row[:, :, None] & cut_column[:, None, :])
    return kept[:, None]


def _inside(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places < size)


def _in_window(places: Tensor, centres: Tensor, half: int) -> Tensor:
    return (places >= centres[:, None] - half) & (places < centres[:, None] + half)
