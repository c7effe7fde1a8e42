"""Vision transformers (Dosovitskiy et al. 2021); timm's VisionTransformer."""

from timm.models.vision_transformer import VisionTransformer
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a vision transformer for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("vit_*",), shape, classes, pretrained)
    network = VisionTransformer(
        img_size=shape[1:],
        patch_size=4,
        in_chans=shape[0],
        num_classes=classes,
        embed_dim=64,
        depth=3,
        num_heads=4,
        mlp_ratio=2,
    )
    for block in network.blocks:
        block.attn.fused_attn = False  # type: ignore[union-attr]  # for 50 tokens plain products are three times faster in bfloat16 on a CPU
    return network
