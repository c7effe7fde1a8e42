"""Saliency (Simonyan et al. 2014): how fast a logit changes with each pixel; as captum's."""

import torch
from torch import Tensor

from heterodox.explain.interface import Setting, in_rows
from heterodox.explain.shared import Shared, gradients


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting) -> Tensor:
    """Return |d logit[target] / d pixel|, float32 (M, n, C, H, W), for pixels in [0, 1] and targets (M, n).

    The members normalise inside, so the gradient holds 1/std. Higher = the logit depends more strongly on that pixel;
    range 0 to infinity.
    """

    def work(rows: slice) -> Tensor:
        found = torch.stack(list(gradients(members, pixels[rows], targets[:, rows])))
        return setting.absolute(found).float()

    return in_rows(work, len(pixels), setting.rows)
