"""Plain convolutional networks (Simonyan and Zisserman 2015): nothing but convolutions, one after another."""

import torch
from torch import nn

from heterodox.networks import libraries

WIDTHS = (16, 32, 64, 64)


class PlainNetwork(nn.Module):
    """Convolutions 3x3, each with batch norm and ReLU and all but the last with max-pooling; mean over pixels; linear.

    timm's and torchvision's VGG carry heads of a hundred million parameters, so the small one is built here.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in WIDTHS:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
            layers += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            channels = width
        self.features = nn.Sequential(*layers[:-1])
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits (N, classes) of normalised images (N, channels, H, W)."""
        return self.classifier(self.features(images).mean(dim=(2, 3)))


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a plain convolutional network for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("vgg*",), shape, classes, pretrained)
    return PlainNetwork(shape[0], classes)
