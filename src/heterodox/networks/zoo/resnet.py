"""Residual networks (He et al. 2016); timm's ResNet."""

from timm.models.resnet import BasicBlock, ResNet
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a residual network for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("resnet*", "wide_resnet*"), shape, classes, pretrained)
    network = ResNet(
        BasicBlock,  # type: ignore[arg-type]  # timm annotates the class as an instance
        layers=(1, 1, 1, 1),
        channels=(16, 32, 64, 128),
        stem_type="deep",
        stem_width=8,
        in_chans=shape[0],
        num_classes=classes,
    )
    network.maxpool = nn.Identity()  # type: ignore[assignment]  # 28 pixels bear four halvings, not five
    return network
