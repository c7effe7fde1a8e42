"""Networks by the names that timm and torchvision give them, at their native size."""

import difflib
from collections.abc import Sequence
from fnmatch import fnmatch

import timm
import torchvision
from torch import nn

from heterodox.errors import UserError


def create(
    model: str, families: Sequence[str], shape: tuple[int, int, int], classes: int, pretrained: bool
) -> nn.Module:
    """Return the network that timm, or else torchvision, calls `model`.

    `families` are wildcards, one of which the name must match (`resnet*`). `shape` gives the channels (torchvision
    takes three only); height and width stay the model's native ones, which stand in `network.pretrained_cfg`
    together with `mean`, `std` and `num_classes`. `pretrained` downloads the library's weights.
    Raises UserError for a name outside the family, and where the weights cannot be had.
    """
    _check_family(model, families)
    make = _from_timm if timm.is_model(model) else _from_torchvision
    try:
        return make(model, shape[0], classes, pretrained)
    except UserError:
        raise
    except Exception as error:  # downloads fail with each library's and each transport's own exceptions
        if not pretrained:
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{model}: no pretrained weights ({reason}); give a weights file as `pretrained`, or train the member"
        ) from error


def _check_family(model: str, families: Sequence[str]) -> None:
    known = sorted({*timm.list_models(list(families)), *_torchvision_names(families)})
    if any(fnmatch(model, family) for family in families) and (timm.is_model(model) or model in known):
        return
    close = difflib.get_close_matches(model, known, n=5, cutoff=0.3) or known[:5]
    raise UserError(f"model {model}: no such network in this family; close are small, {', '.join(close)}")


def _torchvision_names(families: Sequence[str]) -> list[str]:
    return torchvision.models.list_models(module=torchvision.models, include=list(families))


def _from_timm(model: str, channels: int, classes: int, pretrained: bool) -> nn.Module:
    return timm.create_model(model, pretrained=pretrained, num_classes=classes, in_chans=channels)


def _from_torchvision(model: str, channels: int, classes: int, pretrained: bool) -> nn.Module:
    if channels != 3:
        raise UserError(f"model {model}: torchvision's networks take 3 channels, the images have {channels}")
    weights = torchvision.models.get_model_weights(model).DEFAULT
    trained_classes = len(weights.meta["categories"])
    if pretrained and classes != trained_classes:
        raise UserError(f"model {model}: its pretrained weights know {trained_classes} classes, not {classes}")
    network = torchvision.models.get_model(model, weights=weights if pretrained else None, num_classes=classes)
    preset = weights.transforms()
    side = preset.crop_size[0]
    network.pretrained_cfg = {
        "input_size": (3, side, side),
        "mean": tuple(preset.mean),
        "std": tuple(preset.std),
        "num_classes": trained_classes,
    }
    return network
