"""Linear probes: a classifier on the frozen features of a backbone, put into the network as its last layer."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from heterodox.errors import UserError
from heterodox.networks.loading import Member, features
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.recipe import Probe


def probe(member: Member, training: LabelledImages, recipe: Probe, arch: str) -> None:
    """Fit the last layer of `member` to the training images; everything before it stays as it is.

    UserError where the network does not end in one linear layer.
    """
    last = last_linear_layer(member.network, arch)
    weight, bias = fit(frozen_features(member, training), training.labels, len(training.classes), recipe)
    with torch.no_grad():
        last.weight.copy_(weight)
        last.bias.copy_(bias)


def last_linear_layer(network: nn.Module, arch: str) -> nn.Linear:
    """Return the layer that turns features into logits."""
    timm_network: Any = network
    last = timm_network.get_classifier() if hasattr(network, "get_classifier") else None
    if not isinstance(last, nn.Linear):
        raise UserError(f"arch {arch}: does not end in one linear layer to probe with; take resnet or vit")
    return last


@torch.no_grad()
def frozen_features(member: Member, images: LabelledImages) -> Tensor:
    """Return the features (N, width) of all images, in evaluation mode."""
    member.eval()
    parts = images.images.split(member.batch_size)
    return torch.cat([features(member.network, member.normalised(pixels(part))).float() for part in parts])


def fit(values: Tensor, labels: Tensor, classes: int, recipe: Probe) -> tuple[Tensor, Tensor]:
    """Return weight (classes, width) and bias (classes,) of the multinomial logistic regression, in float64.

    It is fitted to standardised features, in which one weight decay fits backbones of any scale; the result applies
    to `values` (N, width) as they are. The bias is not decayed.
    """
    values = values.double()
    mean, std = values.mean(0), values.std(0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    weight, bias = _logistic_regression((values - mean) / std, labels, classes, recipe)
    return weight / std, bias - (weight / std) @ mean


def _logistic_regression(values: Tensor, labels: Tensor, classes: int, recipe: Probe) -> tuple[Tensor, Tensor]:
    weight = values.new_zeros(classes, values.shape[1], requires_grad=True)
    bias = values.new_zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=recipe.iterations,
        tolerance_grad=1e-8,
        tolerance_change=1e-13,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        penalty = recipe.weight_decay / 2 * weight.square().sum()
        value = cross_entropy(values @ weight.T + bias, labels) + penalty
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()
