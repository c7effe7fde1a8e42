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
        patch_size=(shape[1] // 4, shape[2] // 4),  # 16 patches cost a third of 49 and learn in fewer epochs
        in_chans=shape[0],
        num_classes=classes,
        embed_dim=64,
        depth=4,
        num_heads=4,
        mlp_ratio=2,
    )
    for block in network.blocks:
        block.attn.fused_attn = False  # type: ignore[union-attr]  # for few tokens plain products are faster on a CPU
    return network
