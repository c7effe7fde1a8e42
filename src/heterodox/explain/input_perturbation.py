"""ODIN's input perturbation (Liang et al. 2018, Eq. 2): pixels moved so that the network grows surer of its class."""

import numpy as np
import torch
from torch import nn

from heterodox.networks.loading import Member
from heterodox.storage.images import ImageFile


def perturbed(network: nn.Module, pixels: torch.Tensor, epsilon: float, temperature: float) -> torch.Tensor:
    """Return pixels + epsilon sign(d log S / d pixels), where S is the largest softmax(logits / T), like `pixels`.

    `network` maps pixels (N, C, H, W) in [0, 1] to logits (N, classes) and normalises inside, so its normalised input
    moves by epsilon divided by the channel's standard deviation, as in the authors' code. Nothing is cut off at 0 or 1.
    In-distribution images gain more than others. The network has to be in evaluation mode: one image sees no other.
    """
    moving = pixels.detach().requires_grad_()
    with torch.enable_grad():
        ordered = (network(moving) / temperature).sort(1, descending=True).values
        # S = 1 / (1 + exp(doubt)): the gradient of doubt has the other sign, and does not vanish in a sure network.
        doubt = (ordered[:, 1:] - ordered[:, :1]).logsumexp(1)
        (gradient,) = torch.autograd.grad(doubt.sum(), moving)
    return pixels - epsilon * gradient.sign()


def perturbed_logits(member: Member, images: ImageFile, epsilon: float, temperature: float) -> np.ndarray:
    """Return the logits float32 (N, classes) of a file's images after the perturbation, batch by batch.

    With epsilon 0 they are those of the images themselves.
    """
    found = []
    for _, batch in images.batches(member.batch_size):
        pixels = torch.from_numpy(batch).to(member.mean.device).permute(0, 3, 1, 2).float() / 255
        moved = perturbed(member, pixels, epsilon, temperature) if epsilon else pixels
        with torch.no_grad():
            found.append(member(moved).float().cpu().numpy())
    return np.concatenate(found)
