"""Networks without their classifier, as extractors of features, and such a backbone with a pruned head behind it."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.networks.loading import Member, load_member
from heterodox.networks.masked_heads import Head, SmallHead
from heterodox.storage.features import Backbone, weights_digest
from heterodox.storage.members import read_description

LAYER = "penultimate"


def without_classifier(network: nn.Module) -> nn.Module:
    """Return a copy that gives the features (N, P) which the last layer would turn into logits."""
    bare: Any = copy.deepcopy(network)
    if hasattr(bare, "reset_classifier"):
        bare.reset_classifier(0)
        return bare
    name, _ = last_layer(bare)
    parent, _, own = name.rpartition(".")
    setattr(bare.get_submodule(parent), own, nn.Identity())
    return bare


def last_layer(network: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d]:
    """Return the layer that makes the logits, with its name."""
    return [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]


def load_backbone(weights: Path, device: torch.device | str = "cpu") -> tuple[Member, Backbone]:
    """Return the backbone of a trained or fetched member as a member that gives features, and its identity.

    Pixels in [0, 1] in, features (N, P) out; in eval mode, its weights without gradients. UserError as `load_member`.
    """
    member, described = load_member(weights), read_description(weights)
    if described["arch"] == "pruned_head":
        raise UserError(f"{weights}: is a pruned network already; take the backbone that it was made of")
    member.network = without_classifier(member.network).requires_grad_(False)
    digest = weights_digest(member.state_dict())  # with mean and std: they decide the features too
    return member.eval().to(device), Backbone(described["arch"], described["model"], LAYER, digest)


class PrunedNetwork(nn.Module):
    """A backbone without classifier and, behind it, a head that reads some of its features."""

    def __init__(self, backbone: nn.Module, head: SmallHead) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        self.pretrained_cfg = getattr(backbone, "pretrained_cfg", None)  # tells a named model's native resolution

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, classes) of normalised images (N, channels, H, W)."""
        return self.head(self.backbone(images))


def exported(backbone: Member, head: Head) -> Member:
    """Return backbone and head as one member with pixels in [0, 1] in and logits out; the backbone is not copied."""
    network = PrunedNetwork(backbone.network, head.module().to(backbone.mean.device))
    mean, std = (values.flatten().tolist() for values in (backbone.mean, backbone.std))
    return Member(network, mean, std, backbone.resolution).eval().to(backbone.mean.device)


def exported_model(identity: Backbone, head: Head) -> str:
    """Return the `model` by which the zoo's `pruned_head` builds such a network."""
    return f"{identity.arch} {identity.model} features={len(head.features)} units={len(head.units)}"
