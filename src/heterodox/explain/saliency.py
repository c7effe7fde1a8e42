"""Saliency (Simonyan et al. 2014): how fast a logit changes with each pixel; by captum."""

import torch
from captum.attr import Saliency
from torch import nn


def explain(network: nn.Module, pixels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return |d logit[target] / d pixel|, float32 (N, C, H, W), for pixels in [0, 1] and targets (N,).

    `network` maps pixels (N, C, H, W) to logits (N, classes) and normalises inside, so the gradient holds 1/std.
    Higher = the logit depends more strongly on that pixel; range 0 to infinity.
    """
    return Saliency(network).attribute(pixels.detach().requires_grad_(), targets, abs=True).float()
