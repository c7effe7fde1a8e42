"""Optimisers and learning rates as a recipe asks for them."""

import math

import torch
from torch import nn

from heterodox import torchvision_operators
from heterodox.training.recipe import Optimization


def optimizer_for(module: nn.Module, recipe: Optimization) -> torch.optim.Optimizer:
    """Return the optimiser of every parameter that requires a gradient.

    Weight decay applies to parameters of two axes or more: matrices and kernels, but also class tokens, position
    embeddings and tables of relative positions. Biases and normalisation gains, which have one, are not decayed.
    AdaBelief is timm's, with rectification off and decoupled decay, as in the paper's own settings for images; the
    reference code adds epsilon to the stored variance at every step, which timm's does as well.
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    rate = recipe.learning_rate
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=recipe.betas, eps=recipe.epsilon, fused=True)
    torchvision_operators.declare()  # timm imports torchvision
    from timm.optim import AdaBelief

    return AdaBelief(
        groups, lr=rate, betas=recipe.betas, eps=recipe.epsilon, rectify=False, decoupled_decay=True, fixed_decay=False
    )


def learning_rate(recipe: Optimization, epochs_done: float) -> float:
    """Return the learning rate after `epochs_done` epochs (fractions count): warm-up, then the schedule."""
    if epochs_done < recipe.warmup_epochs:
        return recipe.learning_rate * epochs_done / recipe.warmup_epochs
    if recipe.schedule == "cosine":
        share = (epochs_done - recipe.warmup_epochs) / max(recipe.epochs - recipe.warmup_epochs, 1e-12)
        return recipe.learning_rate * (1 + math.cos(math.pi * min(share, 1.0))) / 2
    if recipe.schedule == "step":
        return recipe.learning_rate * recipe.step_factor ** int(epochs_done // recipe.step_epochs)
    return recipe.learning_rate


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
