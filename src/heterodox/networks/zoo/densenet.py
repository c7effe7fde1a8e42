"""Densely connected networks (Huang et al. 2017): each layer reads all before it in its block; timm's DenseNet."""

from timm.models.densenet import DenseNet
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a DenseNet for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("densenet*",), shape, classes, pretrained)
    network = DenseNet(
        growth_rate=12,
        block_config=(3, 4, 4),
        bn_size=2,
        stem_type="deep",
        in_chans=shape[0],
        num_classes=classes,
    )
    network.features.pool0 = nn.Identity()  # 28 pixels bear three halvings, not five
    return network
