"""Gradient SHAP (Lundberg and Lee 2017): integrated gradients from random places on the way from random baselines.

As captum's GradientShap without noise, its baselines grey images of every brightness. What is drawn for an image
depends on the seed and that image alone, so all members share it.
"""

import torch
from torch import Tensor

from heterodox.explain.interface import Setting
from heterodox.explain.shared import Shared, accumulate
from heterodox.streams import torch_stream


def draws(setting: Setting, samples: int) -> Tensor:
    """Return (n, samples, 2) in [0, 1): the brightness of each baseline and how far the point lies from it."""
    generators = [torch_stream(setting.seed, "gradient shap", key, setting.repetition) for key in setting.keys]
    return torch.stack([torch.rand(samples, 2, generator=generator) for generator in generators])


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting, samples: int = 20) -> Tensor:
    """Return |mean of (pixel - baseline) * gradient|, float32 (M, n, C, H, W), for pixels in [0, 1], targets (M, n).

    The mean runs over `samples` baselines, each with a point drawn evenly between it and the image. Higher = the pixel
    contributes more to the difference of the logit to that of a grey image; range 0 to infinity.
    """
    drawn = draws(setting, samples).to(pixels).flatten(0, 1)

    def pieces(pairs: Tensor) -> tuple[Tensor, Tensor]:
        images = pixels[(pairs // samples).to(pixels.device)]
        baseline, share = (drawn[pairs.to(drawn.device), place, None, None, None] for place in (0, 1))
        difference = images - baseline
        return baseline + share * difference, difference / samples

    total = pixels.new_zeros((len(targets), *pixels.shape))
    accumulate(members, targets, total, setting.rows, pieces, samples)
    return setting.absolute(total).float()
