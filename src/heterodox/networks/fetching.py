"""Members whose weights were made elsewhere: a library's pretrained networks, or a local file of weights."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.storage.provenance import versions


def fetch(
    spec: Mapping[str, Any], image_shape: tuple[int, int, int], classes: list[str], backbone: bool = False
) -> tuple[loading.Member, dict[str, Any]]:
    """Return the member that a job's spec asks for (arch, model, pretrained: true or a file), and its description.

    `image_shape` (H, W, channels) and `classes` are the data set's. Mean, standard deviation and resolution are those
    the library gives for the network. A `backbone` may come without a classifier: its last layer is then untrained and
    waits for a probe. Raises UserError where weights are missing or, but for a backbone, know other classes or know
    them in another order. A local file names no classes: that it has the data set's order is taken on trust.
    """
    name, entry = spec["wildcards"]["member"], spec["config"]["member"]
    shape = (image_shape[2], *image_shape[:2])
    network = loading.build(entry["arch"], shape, len(classes), entry["model"], entry["pretrained"])
    native = native_configuration(network, entry)
    if native["input_size"][0] != shape[0]:
        raise UserError(f"member {name}: {entry['model']} takes {native['input_size'][0]} channels, not {shape[0]}")
    if entry["pretrained"] is True and not backbone:
        check_classes(classes, native["num_classes"], f"member {name}: {entry['model']}")
    member = loading.Member(network, native["mean"], native["std"], native["input_size"][1:])
    return member, _description(spec, member, classes, backbone)


def native_configuration(network: nn.Module, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the library's `input_size`, `mean`, `std` and `num_classes`; UserError where it gives none."""
    native = getattr(network, "pretrained_cfg", None)
    if not native:
        raise UserError(
            f"arch {entry['arch']}: a network of model 'small' says nothing of mean and std; train it, or name a model"
        )
    return native


def check_classes(classes: list[str], known: int, what: str) -> None:
    """Raise UserError, which begins with `what`, unless a library's network for `known` classes means these.

    The libraries' classifiers know the subsets of ImageNet, told apart by their numbers of classes; their logits are
    in the order of the WordNet ids. `classes` have to be those ids in that order, or the numbers 0 to known - 1.
    """
    from timm.data import ImageNetInfo, infer_imagenet_subset  # after loading.build has made torchvision importable

    if len(classes) != known:
        raise UserError(
            f"{what} is pretrained for {known} classes, the data set has {len(classes)}; train it, or give it a probe"
        )
    subset = infer_imagenet_subset({"num_classes": known})
    ids = ImageNetInfo(subset).label_names() if subset else []
    if classes not in (ids, [str(number) for number in range(known)]):
        raise UserError(
            f"{what} knows {known} classes in the order of WordNet ids, the data set's begin with '{classes[0]}'; "
            f"name the class folders by WordNet ids or 0 to {known - 1}, or give it a probe"
        )


def _description(spec: Mapping[str, Any], member: loading.Member, classes: list[str], backbone: bool) -> dict[str, Any]:
    config = spec["config"]
    entry = config["member"]
    trusted = not backbone and entry["pretrained"] is not True
    return {
        "member": spec["wildcards"]["member"],
        "arch": entry["arch"],
        "model": entry["model"],
        "parameters": loading.parameter_count(member.network),
        "dataset": config["dataset"],
        "seed": config["seed"],
        "member_seed": entry.get("seed", 1),
        "recipe": {"pretrained": entry["pretrained"]} | ({"class_order": "taken on trust"} if trusted else {}),
        "classes": classes,
        "mean": member.mean.flatten().tolist(),
        "std": member.std.flatten().tolist(),
        "resolution": list(member.resolution),
        "channels": member.mean.numel(),
        "history": [],
        "best_epoch": None,
        "versions": versions("heterodox", "timm", "torch", "torchvision"),
    }
