"""Sub-networks of a residual network: fewer residual branches (depth) and fewer channels (width) in each stage.

A sub-network keeps the first branches of each stage and the first channels of each layer. Where a stage keeps no branch
its shortcut remains. The channels that a residual sum ties together are cut together.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from heterodox.errors import UserError

ACTIVATIONS = ("relu", "act3", "act2")  # the last one of a block, as torchvision and timm name it
UNTIED = -1
Layer = tuple[nn.Conv2d, nn.BatchNorm2d]


@dataclass(frozen=True)
class Configuration:
    """What a sub-network keeps of each stage: `depths`, residual branches, and `widths`, channels inside a branch."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]

    def __str__(self) -> str:
        """Return the text that `parsed` reads."""
        return f"depths={'-'.join(map(str, self.depths))} widths={'-'.join(map(str, self.widths))}"


def parsed(text: str) -> Configuration:
    """Return the configuration that `text` spells, such as `depths=1-0-1-1 widths=8-32-48-128`; UserError if none."""
    found = re.fullmatch(r"depths=(\d+(?:-\d+)*) widths=(\d+(?:-\d+)*)", text)
    if not found:
        raise UserError(f"configuration {text!r}: must read like `depths=1-0-1-1 widths=8-32-48-128`, one per stage")
    depths, widths = (tuple(map(int, numbers.split("-"))) for numbers in found.groups())
    return Configuration(depths, widths)


@dataclass(eq=False)
class Joint:
    """Channels that are cut, or put in another order, together.

    `producers` write them (a convolution and its batch normalisation), `consumers` read them. `stage` counts
    from 0; a stem that no shortcut ties to the first stage has -1 and stays whole.
    """

    stage: int
    producers: list[Layer] = field(default_factory=list)
    consumers: list[nn.Conv2d | nn.Linear] = field(default_factory=list)

    @property
    def channels(self) -> int:
        """Return how many channels there are."""
        return self.producers[0][0].out_channels


class Shortcut(nn.Module):
    """A residual block without its branch: the projection and the activation."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.downsample = block.downsample
        self.activation = next(getattr(block, name) for name in ACTIVATIONS if hasattr(block, name))

    def forward(self, images: Tensor) -> Tensor:
        """Return the projected images (N, channels, H, W)."""
        return self.activation(self.downsample(images))


def stages(network: nn.Module) -> list[nn.Sequential]:
    """Return the stages of residual blocks, as timm and torchvision name them."""
    found = [getattr(network, f"layer{number}", None) for number in range(1, 5)]
    return [stage for stage in found if isinstance(stage, nn.Sequential)]


def branch(block: nn.Module) -> list[Layer]:
    """Return the convolutions of a block's residual branch with their batch normalisations, first to last."""
    numbers = [number for number in (1, 2, 3) if hasattr(block, f"conv{number}")]
    return [(getattr(block, f"conv{number}"), getattr(block, f"bn{number}")) for number in numbers]


def projection(block: Any) -> list[Layer]:
    """Return the convolution of a block's shortcut with its batch normalisation, or nothing for an identity."""
    if block.downsample is None:
        return []
    layers = list(block.downsample.modules())
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    return list(zip(convolutions, [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)], strict=True))


def stem(network: Any) -> Layer:
    """Return the stem's last convolution with its batch normalisation."""
    convolutions = [layer for layer in network.conv1.modules() if isinstance(layer, nn.Conv2d)]
    return convolutions[-1], network.bn1


def stem_is_tied(network: nn.Module) -> bool:
    """Say whether an identity shortcut adds the stem's channels to the first stage's."""
    first = stages(network)[0]
    return len(first) == 0 or not projection(first[0])


def joints(network: Any) -> list[Joint]:
    """Return all channels that a stage's width governs, grouped by what must change together."""
    found = []
    before = Joint(0 if stem_is_tied(network) else UNTIED, [stem(network)])
    for number, stage in enumerate(stages(network)):
        found.append(before)
        stream = before if number == 0 and before.stage == 0 else Joint(number)
        for position, block in enumerate(stage):
            found += _join(block, before if position == 0 else stream, stream)
        before = stream
    before.consumers.append(network.fc)
    found.append(before)
    return [joint for joint in dict.fromkeys(found) if joint.stage != UNTIED]


def _join(block: nn.Module, source: Joint, stream: Joint) -> Iterator[Joint]:
    """Enter a block that reads `source` and adds to `stream`; yield the joints inside its branch."""
    layers = branch(block)
    for chain in filter(None, (projection(block), layers)):
        source.consumers.append(chain[0][0])
        stream.producers.append(chain[-1])
    for layer, following in pairwise(layers):
        yield Joint(stream.stage, [layer], [following[0]])


def full_configuration(network: nn.Module) -> Configuration:
    """Return the configuration of the whole network, each stage of which has a branch."""
    found = stages(network)
    return Configuration(
        tuple(len(stage) for stage in found), tuple(branch(stage[0])[0][0].out_channels for stage in found)
    )


def check_residual(network: nn.Module, where: str) -> None:
    """Raise UserError, beginning with `where`, unless all of the network's stages can be cut."""
    if len(stages(network)) < 4 or not isinstance(getattr(network, "fc", None), nn.Linear):
        raise UserError(f"{where}: is no residual network (four stages of blocks, then a classifier); take a resnet")
    holding = {
        name: layer
        for name, layer in network.named_modules()
        if name.startswith("layer") and (layer._parameters or layer._buffers)
    }
    for name, layer in holding.items():
        plain = isinstance(layer, nn.BatchNorm2d) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
        _refuse_unless(plain, where, name)
    known = {layer for joint in joints(network) for pair in joint.producers for layer in pair}
    for name, layer in holding.items():
        _refuse_unless(layer in known, where, name)
    for number, stage in enumerate(stages(network)[1:], 2):
        _refuse_unless(bool(projection(stage[0])), where, f"layer{number}.0 (a shortcut without projection)")


def _refuse_unless(fits: bool, where: str, layer: str) -> None:
    if not fits:
        raise UserError(f"{where}: its layer {layer} cannot be cut; take a resnet of plain residual blocks")


def cut(network: nn.Module, configuration: Configuration) -> nn.Module:
    """Return the sub-network as a plain network of its own: the leading part of every tensor, running means included.

    UserError where the network has fewer branches or channels than `configuration` wants.
    """
    full = full_configuration(network)
    _check_within(configuration, full)
    small: Any = copy.deepcopy(network)
    for number, (stage, depth) in enumerate(zip(stages(small), configuration.depths, strict=True), 1):
        rest = [Shortcut(stage[0])] if depth == 0 and projection(stage[0]) else []
        setattr(small, f"layer{number}", nn.Sequential(*list(stage)[:depth], *rest))
    for joint in joints(small):
        kept = joint.channels * configuration.widths[joint.stage] // full.widths[joint.stage]
        _keep(joint, kept)
    if hasattr(small, "num_features"):  # timm's record of the features before the classifier
        small.num_features = small.head_hidden_size = small.fc.in_features
    return small


def _check_within(configuration: Configuration, full: Configuration) -> None:
    for what, least, asked, there in (
        ("depths", 0, configuration.depths, full.depths),
        ("widths", 1, configuration.widths, full.widths),
    ):
        if len(asked) != len(there) or not all(least <= one <= most for one, most in zip(asked, there, strict=True)):
            wanted = f"{what} must be {len(there)} numbers, {least} to {'-'.join(map(str, there))}"
            raise UserError(f"configuration {configuration}: lies outside the space; {wanted}")


def _keep(joint: Joint, channels: int) -> None:
    for convolution, norm in joint.producers:
        _keep_leading(convolution, 0, channels)
        _keep_leading(norm, 0, channels)
        convolution.out_channels = norm.num_features = channels
    for layer in joint.consumers:
        _keep_leading(layer, 1, channels)
        setattr(layer, "in_features" if isinstance(layer, nn.Linear) else "in_channels", channels)


def _keep_leading(layer: nn.Module, axis: int, count: int) -> None:
    rearrange(layer, axis, lambda tensor: tensor.narrow(axis, 0, count))


def rearrange(layer: nn.Module, axis: int, change: Callable[[Tensor], Tensor]) -> None:
    """Replace each tensor of `layer` that has this axis of channels by `change(tensor)`: a bias has only axis 0."""
    for name, tensor in [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]:
        if tensor.ndim > axis:
            changed = change(tensor.detach()).clone(memory_format=torch.contiguous_format)
            is_parameter = isinstance(tensor, nn.Parameter)
            setattr(layer, name, nn.Parameter(changed, tensor.requires_grad) if is_parameter else changed)
