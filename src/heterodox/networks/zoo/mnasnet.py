"""MNASNet (Tan et al. 2019): inverted residuals, kernels and widths found by a search; timm's EfficientNet builder."""

from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import nn

from heterodox.networks import libraries

# Stages as in MNASNet-A1: separable, then inverted residuals with 3x3 and 5x5 kernels, few of them with excitation.
STAGES = [["ds_r1_k3_s1_c16"], ["ir_r2_k3_s2_e4_c24"], ["ir_r2_k5_s2_e3_c40_se0.25"], ["ir_r1_k3_s1_e4_c64"]]


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a MNASNet for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("mnasnet*", "semnasnet*"), shape, classes, pretrained)
    return EfficientNet(decode_arch_def(STAGES), stem_size=16, num_features=128, in_chans=shape[0], num_classes=classes)
