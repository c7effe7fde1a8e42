"""From a backbone and a task to the members of an ensemble, and from those to a file (`networks.heads` reads it)."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from heterodox.errors import UserError
from heterodox.networks.heads import stored_tensors
from heterodox.networks.loading import Member
from heterodox.networks.multitask import MultiTask
from heterodox.networks.tasks import Task, attribute_task, known, presence_task, targets
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.features import FeatureFile
from heterodox.storage.provenance import versions
from heterodox.training.heads import StackedHeads, first_head
from heterodox.training.images import LabelledImages, read_images
from heterodox.training.loop import train
from heterodox.training.recipe import Recipe
from heterodox.training.samples import sample_rows
from heterodox.training.state import StateFile
from heterodox.training.tasks import task_accuracies, train_in_turn

Outcome = tuple[dict[str, Tensor], dict[str, Any]]


def task_of(entry: Mapping[str, Any], name: str, images: Path) -> Task:
    """Return the task that an entry of the config's `tasks` describes, as these images know it."""
    with AnnotatedFile(images) as file:
        if entry.get("attribute"):
            return attribute_task(file, entry["attribute"])
        return presence_task(name, list(entry["presence"]))


def read_targets(path: Path, task: Task) -> np.ndarray:
    """Return the targets of a task, int64 (N, columns). UserError where not one image knows its own."""
    with AnnotatedFile(path) as file:
        found = targets(file, task)
    if not len(known(found)):
        raise UserError(f"{path}: of no image {task.name} is known; learn it from another source")
    return found


def read_features(features: Path, images: Path, task: Task, device: torch.device) -> LabelledImages:
    """Return features (N, width) with the targets of a task. UserError where the files are not of the same images."""
    with FeatureFile(features) as file, AnnotatedFile(images) as annotated:
        if not np.array_equal(file.index, annotated.index):
            raise UserError(f"{features}: its images are not those of {images}; delete it and run again")
        values = torch.from_numpy(file.features())
    wanted = torch.from_numpy(read_targets(images, task))
    return LabelledImages(values.to(device), wanted.to(device), task.outputs)


def only_known(images: LabelledImages) -> LabelledImages:
    """Return the images whose targets are known, or all if they are."""
    rows = torch.from_numpy(known(images.labels.cpu().numpy())).to(images.device)
    return LabelledImages(images.images[rows], images.labels[rows], images.classes)


def frozen_heads(
    entry: Mapping[str, Any],
    task: Task,
    training: LabelledImages,
    validation: LabelledImages,
    seed: int,
    name: str,
    state_file: StateFile,
) -> Outcome:
    """Train all heads of a member set on features; return the stacked heads and what was measured.

    `entry` is that of `member_sets`: strategy, members, head (widths of hidden layers), recipe.
    """
    recipe = Recipe.from_config(entry["recipe"], f"member_sets.{name}: recipe")
    if recipe.flip or recipe.shift:
        raise UserError(
            f"member_sets.{name}: recipe: a frozen trunk's features are computed once, of images as they are; "
            "leave out flip and shift, or set trunk: fine_tuned"
        )
    members = list(range(entry["members"]))
    samples = sample_rows(entry["strategy"], known(training.labels.cpu().numpy()), len(members), seed, name)
    heads = StackedHeads(training.images.shape[1], task, entry["head"], recipe, members, samples, seed, name)
    heads.to(training.device).attach(training)
    held_out = only_known(validation)
    progress = train(heads, training, held_out, recipe, seed, name, state_file)
    heads.load_state_dict(progress.weights)
    outcome = {"validation_accuracies": heads.accuracies(held_out).tolist(), "history": progress.history}
    return heads.stacked(), outcome | {"recipe": dataclasses.asdict(recipe)}


def fine_tuned_members(
    entry: Mapping[str, Any],
    task: Task,
    trunk: Member,
    features: int,
    images: tuple[Path, Path],
    seed: int,
    name: str,
    state_files: Sequence[tuple[StateFile, StateFile]],
) -> tuple[list[Member], Outcome]:
    """Train each member's head and its own copy of the trunk; return the trunks, the stacked heads, the measurements.

    `images` are the files of training and validation images. For the state files see `train_in_turn`.
    """
    recipe = Recipe.from_config(entry["recipe"], f"member_sets.{name}: recipe")
    training, held_out = (_labelled(path, task, next(trunk.parameters()).device) for path in images)
    rows = known(training.labels.cpu().numpy())
    samples = sample_rows(entry["strategy"], rows, entry["members"], seed, name)
    networks = {}
    for member in range(entry["members"]):
        head = first_head(features, entry["pool"], task, entry["head"], seed, name, member)
        network = MultiTask(copy.deepcopy(trunk), [head], [task])
        networks[f"{name} {member}"] = network.requires_grad_(True).to(training.device)
    own = [LabelledImages(training.images[sample], training.labels[sample], task.outputs) for sample in samples]
    histories = train_in_turn(networks, own, only_known(held_out), recipe, {}, seed, state_files)
    outcome = {
        "validation_accuracies": [task_accuracies(network, held_out)[task.name] for network in networks.values()],
        "history": histories,
        "recipe": dataclasses.asdict(recipe),
    }
    states = [network.heads[0].state_dict() for network in networks.values()]
    stacked = {key: torch.stack([state[key] for state in states]) for key in states[0]}
    return [network.trunk for network in networks.values()], (stacked, outcome)


def _labelled(path: Path, task: Task, device: torch.device) -> LabelledImages:
    images = read_images(path, device)
    return LabelledImages(images.images, torch.from_numpy(read_targets(path, task)).to(device), task.outputs)


def member_set(
    spec: Mapping[str, Any],
    task: Task,
    trunks: Sequence[Member],
    features: int,
    backbone: Mapping[str, Any],
    outcome: Outcome,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the description of a file of members."""
    config, (heads, measured) = spec["config"], outcome
    entry = config["member_set"]
    description = {
        "member_set": spec["wildcards"]["member_set"],
        "task": task.name,
        "outputs": list(task.outputs),
        "multi_label": task.multi_label,
        "members": entry["members"],
        "strategy": entry["strategy"],
        "trunk": entry["trunk"],
        "head": list(entry["head"]),
        "pool": entry["pool"],
        "features": features,
        **{key: backbone[key] for key in ("arch", "model", "channels", "resolution", "mean", "std")},
        "dataset": config["dataset"],
        "seed": config["seed"],
        "versions": versions("heterodox", "timm", "torch"),
        **measured,
    }
    return stored_tensors([trunk.network for trunk in trunks], heads), description
