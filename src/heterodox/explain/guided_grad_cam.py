"""Guided Grad-CAM (Selvaraju et al. 2017): Grad-CAM's place, guided gradients' detail; as captum's.

Guided backpropagation (Springenberg et al. 2015) passes back through a ReLU only what is positive. Here the function
itself is exchanged while the network runs, not the modules: so a ReLU may be in place, used twice or no module at all.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from heterodox.explain import grad_cam
from heterodox.explain.interface import Setting, in_rows
from heterodox.explain.shared import Shared, gradients

RELUS = {torch.relu, torch.relu_, torch.nn.functional.relu, torch.nn.functional.relu_, Tensor.relu, Tensor.relu_}


class _GuidedReLU(torch.autograd.Function):
    """ReLU that passes back only the positive part of a gradient."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        """Return max(values, 0), never in place."""
        result = values.clamp(min=0)
        context.save_for_backward(result)
        return result

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        """Return the positive part of the gradient where the value was positive."""
        (result,) = context.saved_tensors
        return gradients[0].clamp(min=0) * (result > 0)


class GuidedReLUs(TorchFunctionMode):
    """Inside this block every ReLU is a guided one, whoever calls it."""

    def __torch_function__(
        self, function: Callable, types: Any, arguments: tuple = (), named: dict[str, Any] | None = None
    ) -> Any:
        """Put a guided ReLU in the place of a ReLU."""
        if function in RELUS:
            return _GuidedReLU.apply(arguments[0] if arguments else (named or {})["input"])
        return function(*arguments, **(named or {}))


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting, layer: str | None = None) -> Tensor:
    """Return |Grad-CAM * guided gradient|, float32 (M, n, C, H, W), for pixels in [0, 1] and targets (M, n).

    Higher = more evidence for the target, in the detail of the pixels; range 0 to infinity. `layer` as for Grad-CAM.
    """
    places = grad_cam.explain(members, pixels, targets, Setting(setting.rows, setting.keys), layer)

    def work(rows: slice) -> Tensor:
        with GuidedReLUs():
            found = torch.stack(list(gradients(members, pixels[rows], targets[:, rows])))
        return setting.absolute(found * places[:, rows]).float()

    return in_rows(work, len(pixels), setting.rows)
