"""Where in an image some of a backbone's features speak for a class: Grad-CAM of a part of the features.

Grad-CAM (Selvaraju et al. 2017) weighs the last maps of a network by the mean gradient of a class score. Here the
score is what chosen features contribute to it to first order, so that with all features it is Grad-CAM itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from heterodox.errors import UserError


def feature_grad_cam(backbone: nn.Module, head: nn.Module, pixels: Tensor, features: Sequence[int] | None) -> Tensor:
    """Return maps (N, h, w), at least 0, of what the chosen features say for the head's top class.

    backbone: pixels (N, C, H, W) to features (N, P), with spatial maps inside; head: features to logits. features:
    places of those that count, None for all. The maps are as coarse as the backbone's last ones. UserError where the
    backbone has no spatial maps.
    """
    with _last_maps(backbone) as seen, torch.enable_grad():
        values = backbone(pixels.detach().requires_grad_())
        if not seen:
            raise UserError("pruning.backbone: has no spatial maps to show Grad-CAM on; take a convolutional one")
        logits = head(values)
        top = logits.gather(1, logits.argmax(1, keepdim=True)).sum()
        (slopes,) = torch.autograd.grad(top, values, retain_graph=True)
        counted = torch.ones_like(slopes) if features is None else torch.zeros_like(slopes)
        if features is not None:
            counted[:, list(features)] = 1
        (gradient,) = torch.autograd.grad((values * (slopes * counted).detach()).sum(), seen[0])
    return relu((gradient.mean((2, 3), keepdim=True) * seen[0].detach()).sum(1))


@contextmanager
def _last_maps(backbone: nn.Module) -> Iterator[list[Tensor]]:
    """Yield a list that will hold the last output (N, channels, h, w) of a module with more than one place."""
    seen: list[Tensor] = []

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            seen[:] = [output]

    hooks = [module.register_forward_hook(note) for module in backbone.modules() if not list(module.children())]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
