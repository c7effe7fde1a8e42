"""From a backbone and a section of the config to networks with one head per task (paper, section 7, Figure 13)."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from heterodox.networks.loading import Member
from heterodox.networks.multitask import MultiTask, MultiTasks, new_multitask, stored_multitask
from heterodox.networks.tasks import Task, attribute_task, presence_task, targets
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.provenance import versions
from heterodox.training.images import LabelledImages, read_images
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.tasks import task_accuracies, train_in_turn

MARKS = "marks"  # the head that tells which parts an image has


def tasks_of(entry: Mapping[str, Any], images: Path) -> list[Task]:
    """Return the tasks of a network: class levels, attributes, and the presence of parts as one head of its own."""
    with AnnotatedFile(images) as file:
        tasks = [attribute_task(file, name) for name in (*entry["levels"], *entry["attributes"])]
    return tasks + ([presence_task(MARKS, list(entry["presence"]))] if entry["presence"] else [])


def read_for_tasks(path: Path, tasks: Sequence[Task], device: torch.device) -> LabelledImages:
    """Return images whose labels (N, columns) are the targets of all tasks side by side, -1 where unknown."""
    images = read_images(path, device)
    with AnnotatedFile(path) as file:
        wanted = np.concatenate([targets(file, task) for task in tasks], axis=1)
    return LabelledImages(images.images, torch.from_numpy(wanted).to(device), images.classes)


def train_networks(
    entry: Mapping[str, Any],
    tasks: Sequence[Task],
    trunk: Member,
    features: int,
    images: tuple[Path, Path],
    seed: int,
    state_files: Sequence[tuple[StateFile, StateFile]],
) -> tuple[list[MultiTask], list[list[dict[str, Any]]]]:
    """Train a network per seed of `entry` and return them with their histories; each tunes a copy of the trunk.

    `images` are the files of training and validation images; `features` counts the trunk's maps. For the state files
    see `train_in_turn`.
    """
    recipe = Recipe.from_config(entry["recipe"], "multitask: recipe")
    device = next(trunk.parameters()).device
    training, held_out = (read_for_tasks(path, tasks, device) for path in images)
    networks = {}
    for own in entry["seeds"]:
        name = f"multitask {own}"
        network = new_multitask(copy.deepcopy(trunk), features, tasks, entry["head"], entry["pool"], seed, name)
        networks[name] = network.requires_grad_(True).to(device)
    trainings = [training] * len(networks)
    histories = train_in_turn(networks, trainings, held_out, recipe, entry["weights"], seed, state_files)
    return list(networks.values()), histories


def stored_networks(
    spec: Mapping[str, Any],
    tasks: Sequence[Task],
    networks: Sequence[MultiTask],
    features: int,
    backbone: Mapping[str, Any],
    histories: Sequence[Any],
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the description of a file of networks, as `networks.multitask` reads it."""
    config = spec["config"]
    entry = config["multitask"]
    tensors = {
        f"networks.{place}.{name}": values
        for place, network in enumerate(networks)
        for name, values in stored_multitask(network).items()
    }
    return tensors, {
        "networks": len(networks),
        "seeds": list(entry["seeds"]),
        "tasks": [task.described() for task in tasks],
        "levels": list(entry["levels"]),
        "weights": dict(entry["weights"]),
        "head": list(entry["head"]),
        "pool": entry["pool"],
        "features": features,
        **{key: backbone[key] for key in ("arch", "model", "channels", "resolution", "mean", "std")},
        "recipe": dataclasses.asdict(Recipe.from_config(entry["recipe"], "multitask: recipe")),
        "history": list(histories),
        "dataset": config["dataset"],
        "seed": config["seed"],
        "versions": versions("heterodox", "timm", "torch"),
    }


def heads_table(stored: MultiTasks, images: LabelledImages) -> pd.DataFrame:
    """Return one row per head: head, kind (class or attribute), outputs, accuracy, baseline, images.

    `accuracy` in 0..1 is the mean over the networks of the share of right answers among the `images` whose answer is
    known; `baseline` what the commonest answer gets right. Of several outputs both are means over the outputs.
    """
    found = [task_accuracies(network, images) for network in stored.networks]
    rows = []
    columns = images.labels.split([task.columns for task in stored.tasks], 1)
    for task, wanted in zip(stored.tasks, columns, strict=True):
        known = wanted[(wanted >= 0).all(1)].cpu().numpy()
        rows.append(
            {
                "head": task.name,
                "kind": "class" if task.name in stored.description["levels"] else "attribute",
                "outputs": len(task.outputs),
                "accuracy": float(np.mean([accuracies[task.name] for accuracies in found])),
                "baseline": float(np.mean([commonest(column) for column in known.T])),
                "images": len(known),
            }
        )
    return pd.DataFrame(rows)


def commonest(values: np.ndarray) -> float:
    """Return the share of the commonest value, NaN of none."""
    return float(np.unique(values, return_counts=True)[1].max() / len(values)) if len(values) else float("nan")
