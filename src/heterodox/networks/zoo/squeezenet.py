"""SqueezeNet (Iandola et al. 2016): 1x1 squeeze, then 1x1 and 3x3 side by side; torchvision's Fire modules."""

import torch
from torch import nn
from torchvision.models.squeezenet import Fire

from heterodox.networks import libraries


class SmallSqueezeNet(nn.Module):
    """Fire modules between max-poolings; a 1x1 convolution gives a map per class, its mean over pixels is the logit.

    No batch norm, as published, and unlike torchvision's no ReLU on the logits, which could never fall below zero.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 32, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            Fire(32, 16, 32, 32),
            nn.MaxPool2d(2),
            Fire(64, 24, 48, 48),
            Fire(96, 24, 64, 64),
            nn.MaxPool2d(2),
            Fire(128, 32, 96, 96),
        )
        self.classifier = nn.Conv2d(192, classes, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, classes) of normalised images (N, channels, H, W)."""
        return self.classifier(self.features(images)).mean(dim=(2, 3))


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a SqueezeNet for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("squeezenet*",), shape, classes, pretrained)
    return SmallSqueezeNet(shape[0], classes)
