"""Classification heads on a backbone: members that share everything but their last layers (paper, section 3.1).

A trunk turns pixels into feature maps, a head turns those into logits. `load_heads` gives the members of an ensemble
back as networks; members of a frozen backbone hold one and the same trunk, so what is computed there can be computed
once for all of them.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build, load_member
from heterodox.storage.features import Backbone, weights_digest
from heterodox.storage.members import read_description, read_weights

TRUNK, HEADS, TRUNKS = "trunk.", "heads.", "trunks."


class HeadMember(nn.Module):
    """One network: pixels in [0, 1] (N, channels, H, W) in, logits (N, outputs) out.

    `trunk` maps pixels to feature maps (N, features, h, w), resizing and normalising first; `head` maps those to
    logits. The trunk may be shared with other members: whoever changes a layer takes a copy.
    """

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (N, outputs)."""
        return self.head(self.trunk(pixels))


@dataclass(frozen=True)
class Ensemble:
    """Members that were trained for the same task.

    `outputs` names what each logit stands for. `multi_label` says whether each is a yes or no of its own (sigmoid)
    instead of one class among all (softmax). `description` is what the JSON file says.
    """

    members: list[HeadMember]
    outputs: list[str]
    multi_label: bool
    description: dict[str, Any]


def spatial_layers(network: nn.Module, arch: str) -> nn.Module:
    """Return the part of `network` that maps normalised images to feature maps (N, features, h, w).

    The layers are the network's own, not copies. UserError for an architecture whose features are no maps in front of
    one classifier; the ResNet and VGG families have them.
    """
    layers = getattr(network, "features", None)
    if isinstance(layers, nn.Module):
        return layers
    if isinstance(getattr(network, "layer4", None), nn.Module):
        children = dict(network.named_children())
        last = list(children).index("layer4")
        return nn.Sequential(OrderedDict(list(children.items())[: last + 1]))
    raise UserError(f"arch {arch}: its features are no maps in front of one classifier; take resnet, resnext or vgg")


def load_trunk(weights: Path) -> tuple[Member, int]:
    """Return the trunk of a trained or fetched backbone, in evaluation mode, and its number of feature maps."""
    described = read_description(weights)
    member = load_member(weights)
    layers = spatial_layers(member.network, described["arch"])
    trunk = Member(layers, described["mean"], described["std"], described["resolution"]).eval()
    with torch.no_grad():
        maps = trunk(torch.zeros(1, described["channels"], *described["resolution"]))
    if maps.ndim != 4:
        raise UserError(f"{weights}: its features are no maps (N, features, h, w); take resnet, resnext or vgg")
    return trunk, maps.shape[1]


def load_pooled_trunk(weights: Path, pool: int, device: torch.device | str = "cpu") -> tuple[Member, Backbone]:
    """Return what a head begins with as a member, and its identity.

    Pixels in [0, 1] in, the means of the trunk's maps over `pool` x `pool` parts (N, width) out; weights without
    gradients.
    """
    trunk, _ = load_trunk(weights)
    described, digest = read_description(weights), weights_digest(trunk.state_dict())
    trunk.network = nn.Sequential(trunk.network, nn.AdaptiveAvgPool2d(pool), nn.Flatten()).requires_grad_(False)
    layer = f"maps in {pool} x {pool} parts"
    return trunk.eval().to(device), Backbone(described["arch"], described["model"], layer, digest)


def new_head(features: int, outputs: int, hidden: Sequence[int], pool: int) -> nn.Sequential:
    """Return an untrained head: mean over `pool` x `pool` parts of the maps, (linear, ReLU) per hidden width, linear.

    `features` counts the maps. Without hidden layers all members of a frozen backbone converge to the same weights,
    as the loss is convex.
    """
    layers: list[tuple[str, nn.Module]] = [("pool", nn.AdaptiveAvgPool2d(pool)), ("flatten", nn.Flatten())]
    width = features * pool * pool
    for place, wider in enumerate(hidden, 1):
        layers += [(f"hidden_{place}", nn.Linear(width, wider)), (f"relu_{place}", nn.ReLU())]
        width = wider
    return nn.Sequential(OrderedDict([*layers, ("output", nn.Linear(width, outputs))]))


def load_heads(weights: Path, device: torch.device | str = "cpu") -> Ensemble:
    """Return the members stored in `weights` and the JSON beside it, in evaluation mode, without gradients.

    Raises UserError where a file is missing or damaged, or the weights do not fit the description.
    """
    described, tensors = read_description(weights), read_weights(weights)
    try:
        members = _members(described, tensors)
    except KeyError as error:
        raise UserError(f"{weights}: its description lacks {error}; train the heads again") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{weights}: does not fit its description ({reason}); train the heads again") from error
    for member in members:
        member.eval().requires_grad_(False).to(device)
    return Ensemble(members, described["outputs"], described["multi_label"], described)


def _members(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> list[HeadMember]:
    stacked = below(tensors, HEADS)
    count = len(next(iter(stacked.values())))
    shared = below(tensors, TRUNK)
    own = [shared] if shared else [below(tensors, f"{TRUNKS}{place}.") for place in range(count)]
    trunks = [trunk_of(described, values) for values in own]
    members = []
    for place in range(count):
        head = new_head(described["features"], len(described["outputs"]), described["head"], described["pool"])
        head.load_state_dict({name: values[place] for name, values in stacked.items()})
        members.append(HeadMember(trunks[place % len(trunks)], head))
    return members


def trunk_of(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Member:
    """Return the trunk with these weights; `described` names its arch, model, channels, resolution, mean and std."""
    shape = (described["channels"], *described["resolution"])
    layers = spatial_layers(build(described["arch"], shape, 1, described["model"]), described["arch"])
    layers.load_state_dict(dict(tensors))
    return Member(layers, described["mean"], described["std"], described["resolution"])


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): values for name, values in tensors.items() if name.startswith(prefix)}


def stored_tensors(trunks: Sequence[nn.Module], heads: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a file of heads holds: stacked heads (M, ...) and one trunk for all of them or one for each.

    `trunks` are what `spatial_layers` gave.
    """
    tensors = {f"{HEADS}{name}": values for name, values in heads.items()}
    for place, trunk in enumerate(trunks):
        prefix = TRUNK if len(trunks) == 1 else f"{TRUNKS}{place}."
        tensors |= {f"{prefix}{name}": values for name, values in trunk.state_dict().items()}
    return tensors
