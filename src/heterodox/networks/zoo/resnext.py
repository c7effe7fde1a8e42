"""ResNeXt (Xie et al. 2017): residual bottlenecks whose 3x3 convolution is split into groups; timm's ResNet."""

from timm.models.resnet import Bottleneck, ResNet
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a ResNeXt for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("resnext*",), shape, classes, pretrained)
    network = ResNet(
        Bottleneck,  # type: ignore[arg-type]  # timm annotates the class as an instance
        layers=(1, 1, 1, 1),
        channels=(12, 24, 48, 64),
        cardinality=4,
        base_width=16,
        stem_type="deep",
        stem_width=8,
        in_chans=shape[0],
        num_classes=classes,
    )
    network.maxpool = nn.Identity()  # type: ignore[assignment]  # 28 pixels bear four halvings, not five
    return network
