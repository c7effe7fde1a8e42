"""Untrained networks with one head per task, and birds for them: what explanations for people are made from."""

from pathlib import Path

import numpy as np
import torch

from heterodox.datasets.annotated.birds import flock
from heterodox.networks.heads import spatial_layers
from heterodox.networks.loading import Member, build
from heterodox.networks.multitask import MultiTask, new_multitask
from heterodox.networks.tasks import attribute_task, presence_task
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.members import write_member
from heterodox.training.multitask import stored_networks

SIDE = 64
LEVELS, ATTRIBUTES, PRESENCE = ["species"], ["bill", "wing", "eye", "tail"], ["crest", "cap"]
ENTRY = {"seeds": [1, 2], "levels": LEVELS, "weights": {}, "head": [], "pool": 1, "recipe": {"epochs": 1}}


def write_birds(path: Path, count: int, side: int = SIDE) -> Path:
    """Write `count` birds of the flock `birds` as annotated images."""
    flock(1, "birds", 20_000_000 + np.arange(count), side, "garden").write(path, {"dataset": "birds"})
    return path


def write_multitask(path: Path, images: Path) -> list[MultiTask]:
    """Write two untrained networks for the tasks above, and return them."""
    with AnnotatedFile(images) as file:
        tasks = [attribute_task(file, name) for name in (*LEVELS, *ATTRIBUTES)] + [presence_task("marks", PRESENCE)]
    seen = {"mean": [0.5] * 3, "std": [0.25] * 3, "resolution": [SIDE, SIDE]}
    networks = []
    for seed in ENTRY["seeds"]:
        layers = spatial_layers(build("vgg", (3, SIDE, SIDE), 1, seed=seed), "vgg")
        trunk = Member(layers, *seen.values()).eval()
        with torch.no_grad():
            features = trunk(torch.zeros(1, 3, SIDE, SIDE)).shape[1]
        networks.append(new_multitask(trunk, features, tasks, [], 1, seed, f"network {seed}").eval())
    spec = {"config": {"multitask": ENTRY, "dataset": "birds", "seed": 1}}
    backbone = {"arch": "vgg", "model": "small", "channels": 3, **seen}
    write_member(path, *stored_networks(spec, tasks, networks, features, backbone, [[], []]))
    return networks
