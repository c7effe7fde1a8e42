"""EfficientNet (Tan and Le 2019): inverted residuals, all with squeeze and excitation and SiLU; timm's EfficientNet."""

from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import nn

from heterodox.networks import libraries

STAGES = [["ds_r1_k3_s1_e1_c16_se0.25"], ["ir_r2_k3_s2_e4_c24_se0.25"], ["ir_r2_k5_s2_e4_c48_se0.25"]]


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return an EfficientNet for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("efficientnet*", "tf_efficientnet*"), shape, classes, pretrained)
    return EfficientNet(
        decode_arch_def(STAGES),
        stem_size=16,
        num_features=160,
        act_layer=nn.SiLU,
        in_chans=shape[0],
        num_classes=classes,
    )
