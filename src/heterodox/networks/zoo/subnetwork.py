"""Sub-networks of a residual network, such as a super-network hands over: plain networks of their own."""

from torch import nn

from heterodox.errors import UserError
from heterodox.networks.subnetworks import check_residual, cut, parsed
from heterodox.networks.zoo import resnet


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a sub-network for normalised images of `shape` (channels, H, W).

    `model` names a residual network and, behind it, how many residual branches and how many channels inside a branch
    each stage keeps: `small depths=1-0-1-1 widths=8-32-48-128`; with the name alone it is the whole network. Weights
    are the leading part of the residual network's initial ones.
    """
    if pretrained:
        raise UserError(f"model {model}: a library has no weights of sub-networks; drop `pretrained`")
    name, _, configuration = model.partition(" ")
    network = resnet.build(shape, classes, name)
    check_residual(network, f"model {name}")
    return cut(network, parsed(configuration)) if configuration else network
