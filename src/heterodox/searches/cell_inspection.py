"""Trained cells looked into: activations against class means, and the repair of two classes taken for each other."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heterodox.metrics.class_means import block_heat
from heterodox.metrics.confusion import closest_pair
from heterodox.networks.activations import distances_to_class_means
from heterodox.networks.loading import Member, load_member
from heterodox.searches.cell_evaluation import (
    CellData,
    class_means_of,
    normalised_batches,
    predicted,
    read_cell_data,
    threads,
    train_cell,
)
from heterodox.storage.images import ImageFile
from heterodox.storage.inspections import Inspection, Repair, read_repair, write_repair
from heterodox.storage.members import read_description
from heterodox.training.cells import CellRecipe, pair_weights
from heterodox.training.images import LabelledImages, read_images
from heterodox.training.state import StateFile


def block_of(layer: str) -> str:
    """Return the block that a layer of a cell's network belongs to, in words: `stack 1 cell 2`, `reduction 1`."""
    if found := re.match(r"stacks\.(\d+)\.(\d+)", layer):
        return f"stack {int(found[1]) + 1} cell {int(found[2]) + 1}"
    if found := re.match(r"reductions\.(\d+)", layer):
        return f"reduction {int(found[1]) + 1}"
    return "stem" if layer.startswith("stem") else "output"


def read_test(path: Path, device: torch.device) -> tuple[LabelledImages, np.ndarray]:
    """Return the test images and their identities (N,)."""
    with ImageFile(path) as file:
        return read_images(path, device), file.index


def inspect_cell(
    weights: Path, train: Path, validation: Path, test: Path, config: Mapping[str, Any], device: torch.device
) -> Inspection:
    """Return what a member's activations say, see storage.inspections; class means are those of the training images.

    config: `dataset`, `images` and `introspectability` of the study.
    """
    described = read_description(weights)
    files = {"train": str(train), "validation": str(validation), "images": config["images"]}
    with threads(described["recipe"]["threads"]):
        member, images = load_member(weights, device), read_cell_data(files, device)
        layers = config["introspectability"]["layers"]
        means = class_means_of(member, images.train, [images.train.labels], layers)[0]
        seen, index = read_test(test, device)
        distances, logits = distances_to_class_means(member.network, normalised_batches(member, seen), means, layers)
        names, layers_apart = zip(*means.separate(), strict=True)
        blocks, heat = block_heat(layers_apart, list(map(block_of, names)))
        pair_distances = validation_distances(member, images, config)
    return Inspection(
        labels=seen.labels.cpu().numpy(),
        index=index,
        logits=logits.astype(np.float32),
        distances=distances.astype(np.float32),
        pair_distances=pair_distances,
        gram=means.gram(),
        heat=heat,
        member=described["member"],
        genome=described["genome"],
        accuracy=described["accuracy"],
        introspectability=described["objective"],
        classes=images.train.classes,
        blocks=tuple(blocks),
    )


def validation_distances(member: Member, images: CellData, config: Mapping[str, Any]) -> np.ndarray:
    """Return the distances (C, C) of class means of the validation images, grouped as the study's objective does."""
    settings, held_out = config["introspectability"], images.validation
    labels = predicted(member, held_out) if settings["classes"] == "predicted" else held_out.labels
    return class_means_of(member, held_out, [labels], settings["layers"])[0].distances()


def chosen_for_repair(inspections: Mapping[str, Inspection]) -> str:
    """Return the member to repair: the most introspectable of the more accurate half."""
    ordered = sorted(inspections.values(), key=lambda one: (-one.accuracy, one.member))
    half = ordered[: (len(ordered) + 1) // 2]
    return max(half, key=lambda one: (one.introspectability, one.member)).member


def trial_files(folder: Path, name: str, trials: int) -> list[Path]:
    """Return where the finished trials of a repair wait until the whole is written."""
    return [folder / f"{name}-{trial}.h5" for trial in range(1, trials + 1)]


def repaired(
    weights: Path,
    files: Mapping[str, Path],
    config: Mapping[str, Any],
    device: torch.device,
    folder: Path,
    name: str,
    state_seconds: float,
) -> Repair:
    """Return a member before and after the repair of the two classes whose means are closest, in all trials.

    files: `train`, `validation` and `test`. config: `seed`, `recipe`, `images`, `introspectability`, `regulariser` (the
    weight of the similarity in the loss) and `repair` of the study. Finished trials wait in `folder`, see
    `trial_files`; the caller removes them when it has written the whole.
    """
    data = {"train": str(files["train"]), "validation": str(files["validation"]), "images": config["images"]}
    settings = config["repair"]
    recipe = CellRecipe.from_config({**config["recipe"], "regularisation": config["regulariser"]}, "cells.recipe")
    again = recipe.repairing(settings["epochs"], settings["learning_rate"])
    with threads(recipe.threads):
        images = read_cell_data(data, device)
        seen, _ = read_test(files["test"], device)
        before = load_member(weights, device)
        distances = validation_distances(before, images, config)
        low, high = closest_pair(distances)
        layers = config["introspectability"]["layers"]
        base = Repair(
            labels=seen.labels.cpu().numpy(),
            predictions=predicted(before, seen).cpu().numpy(),
            repaired_predictions=np.empty((0, len(seen)), np.int64),
            distances=distances,
            repaired_distances=np.empty((0, *distances.shape)),
            member=weights.stem,
            pair=(low, high),
            classes=images.train.classes,
        )
        finished = trial_files(folder, name, settings["trials"])
        for trial, path in enumerate(finished, 1):
            if path.is_file():
                continue
            member = load_member(weights, device).requires_grad_(True)
            state = StateFile(folder / "trial.pt", f"{name} {trial}", state_seconds)
            matrix = pair_weights(len(images.train.classes), (low, high), settings["weight"])
            train_cell(member, images, again, config["seed"], f"repair {trial}", state, matrix, layers)
            one = replace(
                base,
                repaired_predictions=predicted(member, seen).cpu().numpy()[None],
                repaired_distances=validation_distances(member, images, config)[None],
            )
            write_repair(path, one)
            state.remove()
    trials = [read_repair(path) for path in finished]
    return replace(
        base,
        repaired_predictions=np.concatenate([trial.repaired_predictions for trial in trials]),
        repaired_distances=np.concatenate([trial.repaired_distances for trial in trials]),
    )


def accuracy_on(weights: Path, test: Path, device: torch.device) -> tuple[float, int]:
    """Return a member's accuracy on the test images, and how many there are."""
    member, (seen, _) = load_member(weights, device), read_test(test, device)
    return float((predicted(member, seen) == seen.labels).double().mean()), len(seen)
