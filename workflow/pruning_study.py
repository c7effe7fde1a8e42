"""The pruning study's section of the configuration: what a schema cannot see of it."""

from collections.abc import Iterator
from typing import Any

Config = dict[str, Any]
# What each source of OoD images cannot do without.
NEEDED = {"embedded": ["name"], "torchvision": ["name", "folder"], "image_folder": ["folder"]}


def faults(config: Config) -> Iterator[str]:
    """Yield one line per fault of `pruning`, which is not null here."""
    section = config["pruning"]
    if not section["held_out"] and not section["ood"]:
        yield "config: pruning: nothing is out of distribution; hold classes out, or name sets in ood"
    for name, entry in section["ood"].items():
        yield from (f"config: pruning.ood.{name}: {fault}" for fault in _set_faults(entry, config["data"]))
    backbone = section["backbone"]
    if backbone["arch"] in ("pruned_head", "subnetwork"):
        yield f"config: pruning.backbone.arch: {backbone['arch']!r} is made of another network; name that one"
    if backbone["pretrained"] is True and backbone["model"] == "small":
        yield "config: pruning.backbone.model: no library has weights of 'small'; name a model, or train it"
    if section["channels"] and backbone["arch"] != "resnet":
        yield f"config: pruning.channels: {backbone['arch']!r} is no residual network; take a resnet, or leave it out"


def _set_faults(entry: Config, data: Config | None) -> Iterator[str]:
    for key in NEEDED.get(entry["source"], ()):
        if key not in entry:
            yield f"'{key}' is a required property"
    where = ("source", "name", "folder")
    if data is not None and [entry.get(key) for key in where] == [data.get(key) for key in where]:
        yield "is the data set itself; name another one, or hold some of its classes out"
    if ("resize" in entry) != ("crop" in entry):
        yield "resize and crop belong together; give both, or neither to take those of the data set"
