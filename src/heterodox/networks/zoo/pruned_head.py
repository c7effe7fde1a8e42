"""A backbone of the zoo with a pruned head on its features, such as the pruning study hands over."""

import re
from importlib import import_module

from torch import nn

from heterodox.errors import UserError
from heterodox.networks.backbones import PrunedNetwork, last_layer, without_classifier
from heterodox.networks.masked_heads import SmallHead

FORM = re.compile(r"(?P<arch>\w+) (?P<model>\S+)(?: features=(?P<features>\d+) units=(?P<units>\d+))?")
UNITS = 64


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return backbone and head for normalised images of `shape` (channels, H, W).

    `model` names the backbone's architecture and model, then how many features the head reads and how many hidden units
    it has: `resnet resnet50 features=812 units=512`; without numbers it reads all features and has 64 units. `small`
    alone is the small residual network.
    """
    if pretrained:
        raise UserError(f"model {model}: a library has no weights of pruned heads; drop `pretrained`")
    found = FORM.fullmatch("resnet small" if model == "small" else model)
    if not found or found["arch"] == "pruned_head":
        raise UserError(f"model {model}: must read like `resnet resnet50 features=812 units=512`")
    network = import_module(f"heterodox.networks.zoo.{found['arch']}").build(shape, classes, found["model"])
    _, layer = last_layer(network)
    width = layer.weight.shape[1]
    kept, units = int(found["features"] or width), int(found["units"] or UNITS)
    if not 0 < kept <= width or units < 1:
        raise UserError(f"model {model}: features must lie in 1..{width}, what its backbone gives, and units above 0")
    return PrunedNetwork(without_classifier(network), SmallHead(kept, units, classes))
