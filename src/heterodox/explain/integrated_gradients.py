"""Integrated gradients (Sundararajan et al. 2017): the gradient averaged on the way from a black image; as captum's."""

import numpy as np
import torch
from torch import Tensor

from heterodox.explain.interface import Setting
from heterodox.explain.shared import Shared, accumulate


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting, steps: int = 50) -> Tensor:
    """Return |pixel * mean gradient between black and the image|, float32 (M, n, C, H, W), for pixels in [0, 1].

    Gradients of logit[target], targets (M, n), at `steps` Gauss-Legendre points. Higher = the pixel contributes more to
    the difference of the logit to that of a black image; range 0 to infinity.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = torch.tensor((1 + nodes) / 2, dtype=pixels.dtype, device=pixels.device)
    factors = torch.tensor(weights / 2, dtype=pixels.dtype, device=pixels.device)

    def pieces(pairs: Tensor) -> tuple[Tensor, Tensor]:
        images, step = (pairs // steps).to(pixels.device), (pairs % steps).to(pixels.device)
        return pixels[images] * shares[step, None, None, None], factors[step, None, None, None]

    total = pixels.new_zeros((len(targets), *pixels.shape))
    accumulate(members, targets, total, setting.rows, pieces, steps)
    return setting.absolute(total.mul_(pixels)).float()
