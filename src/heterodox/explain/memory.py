"""How many images a network takes at once within a budget of bytes, found from one image."""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from heterodox.errors import UserError

DEFAULT_BYTES = 512 * 2**20
MOST_ROWS = 128  # more gain no speed on a CPU
# Beside what is kept for the way back, a layer holds its input, output and both gradients, and a convolution reorders
# two of them.
WORKING_COPIES = 6
_KNOWN: WeakKeyDictionary[nn.Module, dict[Any, int]] = WeakKeyDictionary()
PIXEL_COPIES = 6  # the images' own: the stored pixel, the point, its gradient, the factor, their product, normalised


def known_bytes_per_image(network: nn.Module, image: Tensor) -> int:
    """Return `bytes_per_image`, found once for a network and a size of images."""
    found = _KNOWN.setdefault(network, {})
    kind = (tuple(image.shape), image.dtype, image.device)
    if kind not in found:
        found[kind] = bytes_per_image(network, image)
    return found[kind]


def bytes_per_image(network: nn.Module, image: Tensor) -> int:
    """Return the bytes that one more image of a batch costs, forward and back; `image` is (1, C, H, W) in [0, 1].

    Counted are the tensors that autograd keeps, each once and weights not at all, and a few copies of the largest.
    """
    weights = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    point = image.detach().requires_grad_()
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        out = network(point)  # held until all is counted, or storages would be given away and met again
    pixels = image.numel() * image.element_size()
    largest = max([*kept.values(), pixels, out.numel() * out.element_size()])
    return sum(kept.values()) + WORKING_COPIES * largest + PIXEL_COPIES * pixels


def rows_within(budget: int, network: nn.Module, image: Tensor, result_bytes: int) -> tuple[int, int]:
    """Return how many images to explain at once, and how many points to send through the network at once.

    `result_bytes` is what the maps of one image take. A quarter of the budget is for the maps, the rest for the
    network. UserError where one image does not fit.
    """
    needed = known_bytes_per_image(network, image)
    images, rows = budget // 4 // result_bytes, budget * 3 // 4 // needed
    if not images or not rows:
        least = max(4 * result_bytes, -(-needed * 4 // 3))
        raise UserError(
            f"memory: {budget / 2**20:.0f} MiB do not hold one image of this network; allow {-(-least // 2**20)} MiB"
        )
    return images, min(rows, MOST_ROWS)
