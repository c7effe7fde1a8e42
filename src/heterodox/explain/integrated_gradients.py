"""Integrated gradients (Sundararajan et al. 2017): the gradient averaged on the way from a black image; by captum."""

import torch
from captum.attr import IntegratedGradients
from torch import nn


def explain(network: nn.Module, pixels: torch.Tensor, targets: torch.Tensor, steps: int = 50) -> torch.Tensor:
    """Return |pixel * mean gradient between black and the image|, float32 (N, C, H, W), for pixels in [0, 1].

    Gradients of logit[target] at `steps` Gauss-Legendre points. Higher = the pixel contributes more to the difference
    of the logit to that of a black image; range 0 to infinity. Memory as for N images, whatever the steps.
    """
    attributions = IntegratedGradients(network).attribute(
        pixels.detach(), baselines=0.0, target=targets, n_steps=steps, internal_batch_size=len(pixels)
    )
    return attributions.abs().float()
