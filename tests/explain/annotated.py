"""A few annotated images and untrained members for them, made in a folder."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from heterodox.networks.heads import new_head, spatial_layers, stored_tensors
from heterodox.networks.loading import build
from heterodox.storage.annotations import write_annotated
from heterodox.storage.members import write_member

SIDE, PARTS = 32, ("bill", "wing")
BILL = {"attribute": "bill", "presence": [], "part": "bill", "evaluated_on": None}
MARKS = {"attribute": None, "presence": list(PARTS), "part": None, "evaluated_on": None}


def make_images(path: Path, count: int = 8, values: dict | None = None, shape: tuple[int, int] = (SIDE, SIDE)) -> Path:
    """Write images with a bill everywhere and a wing on every second one; one image's bill length is unknown."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape, 3), dtype=np.uint8)
    masks = {part: np.zeros((count, *shape), bool) for part in PARTS}
    masks["bill"][:, 4:9, 10:20] = True
    masks["wing"][::2, 15:25, 3:13] = True
    points = {part: np.full((count, 2), np.nan) for part in PARTS}
    points["bill"][:] = 14.5, 6.0
    points["wing"][::2] = 7.5, 19.5
    bills = np.arange(count) % 3
    bills[1] = -1
    known = {"bill": ["short", "medium", "long"]} if values is None else values
    attributes = {"bill": bills} if values is None else {}
    with write_annotated(
        path, (*shape, 3), np.zeros(count), 100 + np.arange(count), ["a"], known, attributes
    ) as writer:
        writer.append(images, masks, points)
    return path


def make_members(path: Path, count: int = 3, outputs: tuple[str, ...] = ("short", "medium", "long")) -> Path:
    """Write untrained heads on an untrained trunk."""
    torch.manual_seed(4)
    trunk = spatial_layers(build("vgg", (3, SIDE, SIDE), 1), "vgg")
    heads = [new_head(64, len(outputs), [8], 1) for _ in range(count)]
    for head in heads:  # far enough apart that their maps differ
        for layer in head.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight)
    stacked = {name: torch.stack([head.state_dict()[name] for head in heads]) for name in heads[0].state_dict()}
    described = {"arch": "vgg", "model": "small", "channels": 3, "resolution": [SIDE, SIDE]}
    described |= {"mean": [0.4] * 3, "std": [0.3] * 3, "features": 64, "head": [8], "pool": 1}
    described |= {"outputs": list(outputs), "multi_label": outputs == PARTS}
    write_member(path, stored_tensors([trunk], stacked), described)
    return path
