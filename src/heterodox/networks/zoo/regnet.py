"""RegNetY (Radosavovic et al. 2020): widths from a line, group convolutions, squeeze and excitation; timm's RegNet."""

from timm.models.regnet import RegNet, RegNetCfg
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a RegNet for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("regnet*",), shape, classes, pretrained)
    configuration = RegNetCfg(depth=5, w0=16, wa=20.0, wm=2.0, group_size=8, se_ratio=0.25, stem_width=16)
    network = RegNet(configuration, in_chans=shape[0], num_classes=classes)
    network.stem.conv.stride = (1, 1)  # 28 pixels bear four halvings, not five
    return network
