"""Members whose weights were made elsewhere: a library's pretrained networks, or a local file of weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.storage.members import write_member
from heterodox.storage.provenance import versions


def fetch(
    weights: Path,
    member: str,
    entry: Mapping[str, Any],
    image_shape: tuple[int, int, int],
    classes: list[str],
    dataset: str,
    backbone: bool = False,
) -> None:
    """Write the member that `entry` (arch, model, pretrained: true or a file, class, approach) describes.

    `image_shape` (H, W, channels) and `classes` are the data set's. Mean, standard deviation and resolution are those
    the library gives for the network. A `backbone` may come without a classifier: its last layer is then untrained and
    waits for a probe. Raises UserError where weights are missing or, but for a backbone, know other classes.
    """
    shape = (image_shape[2], *image_shape[:2])
    network = loading.build(entry["arch"], shape, len(classes), entry["model"], entry["pretrained"])
    native = native_configuration(network, entry)
    if native["input_size"][0] != shape[0]:
        raise UserError(f"member {member}: {entry['model']} takes {native['input_size'][0]} channels, not {shape[0]}")
    if entry["pretrained"] is True and not backbone and native["num_classes"] != len(classes):
        raise UserError(
            f"member {member}: {entry['model']} is pretrained for {native['num_classes']} classes, "
            f"{dataset} has {len(classes)}; train it, or give it a probe"
        )
    write_member(weights, network.state_dict(), _description(network, member, entry, native, classes, dataset))


def native_configuration(network: nn.Module, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the library's `input_size`, `mean`, `std` and `num_classes`; UserError where it gives none."""
    native = getattr(network, "pretrained_cfg", None)
    if not native:
        raise UserError(
            f"arch {entry['arch']}: a network of model 'small' says nothing of mean and std; train it, or name a model"
        )
    return native


def _description(
    network: nn.Module,
    member: str,
    entry: Mapping[str, Any],
    native: Mapping[str, Any],
    classes: list[str],
    dataset: str,
) -> dict[str, Any]:
    return {
        "member": member,
        "arch": entry["arch"],
        "model": entry["model"],
        "class": entry["class"],
        "approach": entry["approach"],
        "parameters": loading.parameter_count(network),
        "dataset": dataset,
        "seed": entry["seed"],
        "recipe": {"pretrained": entry["pretrained"]},
        "classes": classes,
        "mean": list(native["mean"]),
        "std": list(native["std"]),
        "resolution": list(native["input_size"][1:]),
        "channels": native["input_size"][0],
        "history": [],
        "best_epoch": None,
        "versions": versions("heterodox", "timm", "torch", "torchvision"),
    }
