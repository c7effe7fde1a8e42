"""What members have in common is computed once: one pass through their trunk, then each member's own way back.

A gradient with respect to the pixels is, by the chain rule, a head's gradient with respect to the trunk's features and
that vector taken back through the trunk. For N heads on one trunk that makes one pass forward and N back, instead of N
and N. A network without a head of its own is its trunk, with a head that changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Head = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Shared:
    """M members on one trunk: pixels -> features (any shape, images first), and each head: features -> logits."""

    trunk: nn.Module
    heads: Sequence[Head]

    def logits(self, pixels: Tensor) -> Tensor:
        """Return every member's logits (M, n, outputs), without a gradient."""
        with torch.no_grad():
            features = self.trunk(pixels)
            return torch.stack([head(features) for head in self.heads])


def groups(networks: Sequence[nn.Module]) -> list[tuple[list[int], Shared]]:
    """Return the members that share a trunk together, each group with its members' places in `networks`.

    Members with the same object as `trunk` and a `head` of their own share it; any other network stands alone.
    """
    places: dict[int, list[int]] = {}
    for place, network in enumerate(networks):
        places.setdefault(id(getattr(network, "trunk", network)), []).append(place)
    found = []
    for together in places.values():
        first: Any = networks[together[0]]
        if hasattr(first, "trunk") and hasattr(first, "head"):
            heads: list[Any] = [networks[place].head for place in together]
            found.append((together, Shared(first.trunk, heads)))
        else:
            found += [([place], Shared(first, [nn.Identity()])) for place in together]
    return found


def cotangents(heads: Sequence[Head], features: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Yield for each member d logit[target] / d features, of the shape of the features; targets are (M, n)."""
    for head, own in zip(heads, targets, strict=True):
        leaf = features.detach().requires_grad_()
        with torch.enable_grad():
            chosen = head(leaf).gather(1, own[:, None]).sum()
        yield torch.autograd.grad(chosen, leaf)[0]


def gradients(members: Shared, pixels: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Yield for each member d logit[target] / d pixels (n, C, H, W); targets are (M, n)."""
    pixels = pixels.detach().requires_grad_()
    with torch.enable_grad():
        features = members.trunk(pixels)
    last = len(members.heads) - 1
    for place, cotangent in enumerate(cotangents(members.heads, features, targets)):
        yield torch.autograd.grad(features, pixels, cotangent, retain_graph=place < last)[0]


def accumulate(
    members: Shared,
    targets: Tensor,
    result: Tensor,
    rows: int,
    pieces: Callable[[Tensor], tuple[Tensor, Tensor]],
    steps: int,
) -> Tensor:
    """Add factor * gradient over all `steps` of each image into `result` (M, n, C, H, W), `rows` images at a time.

    `pieces` takes numbers of (image, step) pairs, image * steps + step, and returns for them the pixels at which the
    gradient is taken and the factors (that broadcast to pixels). The sum of an image runs in the order of its steps
    whatever the chunks are.
    """
    count = targets.shape[1]
    for pairs in torch.arange(count * steps).split(rows):
        images = (pairs // steps).to(result.device)
        points, factors = pieces(pairs)
        for place, gradient in enumerate(gradients(members, points, targets[:, images])):
            result[place].index_add_(0, images, (gradient * factors).to(result.dtype))
    return result
