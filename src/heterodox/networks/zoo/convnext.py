"""ConvNeXt (Liu et al. 2022): patches as stem, depthwise 7x7 convolutions, layer norm, GELU; timm's stages."""

from typing import Any

import torch
from timm.layers import LayerNorm2d
from timm.models.convnext import ConvNeXtStage
from torch import nn

from heterodox.networks import libraries

WIDTHS = (24, 48, 96)


class SmallConvNeXt(nn.Module):
    """Patches of 2x2, then three stages at 1/2, 1/4 and 1/8 of the size (timm's class always makes 1/4 ... 1/32)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        settings: dict[str, Any] = {"norm_layer": LayerNorm2d, "norm_layer_cl": nn.LayerNorm, "ls_init_value": None}
        self.features = nn.Sequential(
            nn.Conv2d(channels, WIDTHS[0], 2, stride=2),
            LayerNorm2d(WIDTHS[0]),
            ConvNeXtStage(WIDTHS[0], WIDTHS[0], stride=1, depth=1, **settings),
            ConvNeXtStage(WIDTHS[0], WIDTHS[1], stride=2, depth=1, **settings),
            ConvNeXtStage(WIDTHS[1], WIDTHS[2], stride=2, depth=1, **settings),
        )
        self.norm = nn.LayerNorm(WIDTHS[2])
        self.classifier = nn.Linear(WIDTHS[2], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, classes) of normalised images (N, channels, H, W)."""
        return self.classifier(self.norm(self.features(images).mean(dim=(2, 3))))


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a ConvNeXt for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("convnext*",), shape, classes, pretrained)
    return SmallConvNeXt(shape[0], classes)
