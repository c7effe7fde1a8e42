"""Swin transformers (Liu et al. 2021): attention within shifted windows, patches merged between stages; timm's."""

from timm.models.swin_transformer import SwinTransformer, WindowAttention
from torch import nn

from heterodox.networks import libraries


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a Swin transformer for normalised images of `shape` (channels, H, W)."""
    if model != "small":
        return libraries.create(model, ("swin_*", "swinv2_*"), shape, classes, pretrained)
    network = SwinTransformer(
        img_size=shape[1:],
        patch_size=4,
        in_chans=shape[0],
        num_classes=classes,
        embed_dim=48,
        depths=(2, 2),
        num_heads=(2, 4),
        window_size=4,  # four windows, then one
        mlp_ratio=2,
        drop_path_rate=0.0,
    )
    for layer in network.modules():
        if isinstance(layer, WindowAttention):
            layer.fused_attn = False  # type: ignore[misc]  # for windows of 16 tokens plain products are the faster ones on a CPU
    return network
