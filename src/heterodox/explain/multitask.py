"""What networks with several heads look at for each of them: one averaged map per image and head (paper, section 7)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.explain.averaging import averaged
from heterodox.explain.interface import Method, load
from heterodox.explain.sets import as_pixels, logits
from heterodox.networks.heads import HeadMember
from heterodox.networks.loading import available_device
from heterodox.networks.multitask import MultiTasks, load_multitasks
from heterodox.networks.tasks import CLASSES, Task
from heterodox.storage.annotations import UNKNOWN, AnnotatedFile
from heterodox.storage.explanations import write_maps
from heterodox.storage.provenance import provenance
from heterodox.storage.rows import State

BATCH = 32


class OneOutput(nn.Module):
    """One yes or no of several as two classes, no and yes: logits 0 and z, whose softmax is the sigmoid of z."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def forward(self, values: Tensor) -> Tensor:
        """Return (N, 2) for logits (N, outputs)."""
        chosen = values[:, self.place]
        return torch.stack([torch.zeros_like(chosen), chosen], 1)


def single_answers(tasks: Sequence[Task]) -> dict[str, tuple[str, int | None, tuple[str, ...]]]:
    """Return what can be asked, by name: (task, place among several yes-or-no outputs or None, values)."""
    found: dict[str, tuple[str, int | None, tuple[str, ...]]] = {}
    for task in tasks:
        if task.multi_label:
            found |= {name: (task.name, place, ("absent", "present")) for place, name in enumerate(task.outputs)}
        else:
            found[task.name] = (task.name, None, task.outputs)
    return found


def networks_for(multitasks: MultiTasks, question: str) -> list[HeadMember]:
    """Return the members of the ensemble that answer one question; UserError for one that they were not taught."""
    known = single_answers(multitasks.tasks)
    if question not in known:
        raise UserError(f"task {question}: the networks were not taught it; they know {', '.join(known)}")
    task, place, _ = known[question]
    members = [network.member(task) for network in multitasks.networks]
    if place is None:
        return members
    return [
        HeadMember(member.trunk, nn.Sequential(member.head, OneOutput(place))).eval().requires_grad_(False)
        for member in members
    ]


def explain_question(
    members: Sequence[HeadMember], method: Method, pixels: Tensor, keys: Sequence[str], truth: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the averaged maps (n, H, W) in [0, 1] of one question, and the outputs (n,) that they explain.

    truth: the outputs to explain (n,); what is -1, or everything without a truth, is explained for the output with the
    largest mean probability. All members explain the same output; their maps are averaged as Eq. 1 says.
    """
    answers = logits(members, pixels).float().softmax(-1).mean(0).argmax(-1).cpu().numpy()
    targets = answers if truth is None else np.where(truth == UNKNOWN, answers, truth)
    wanted = torch.from_numpy(targets).to(pixels.device)
    maps = method.of_members(members, pixels, wanted, keys).sum(2)
    return averaged(maps.transpose(0, 1).cpu().numpy()), targets


def explain_images(
    config: Mapping[str, Any], weights: Path, images: Path, rows: np.ndarray | None, path: Path, waiting: State
) -> None:
    """Write one averaged map per image and question, image by image, in the order of `questions`.

    config: `questions` (names of tasks, or of outputs of a yes-or-no task), `method`, `target` (`true` or
    `predicted`), `seed`, `memory_megabytes`. rows: which images, all by default. The file's attributes hold
    `questions` and the `values` of each; `labels` are the true values, -1 where unknown.
    """
    device = available_device()
    multitasks = load_multitasks(weights, device)
    method = load(config["method"], seed=config["seed"], budget=config["memory_megabytes"] * 2**20)
    questions = list(config["questions"])
    members = {question: networks_for(multitasks, question) for question in questions}
    values = {question: single_answers(multitasks.tasks)[question][2] for question in questions}
    with AnnotatedFile(images) as file:
        rows = np.arange(len(file)) if rows is None else rows
        truths = np.stack([true_answers(file, question, values[question])[rows] for question in questions], 1)
        attributes = {"method": config["method"], "target": config["target"], "networks": len(multitasks.networks)}
        attributes |= {"questions": json.dumps(questions), "values": json.dumps(values), **provenance(device)}
        repeated = np.repeat(rows, len(questions))
        with write_maps(path, truths.ravel(), file.index[repeated], repeated, attributes, waiting) as writer:
            for start in range(writer.filled // len(questions), len(rows), BATCH):
                part = slice(start, start + BATCH)
                pixels = as_pixels(file.at(rows[part]), device)
                keys = [str(identity) for identity in file.index[rows[part]]]
                found = [
                    explain_question(
                        members[question],
                        method,
                        pixels,
                        keys,
                        truths[part, place] if config["target"] == "true" else None,
                    )
                    for place, question in enumerate(questions)
                ]
                maps, targets = (np.stack([one[kind] for one in found], 1) for kind in (0, 1))
                writer.append(maps.reshape(-1, 1, *maps.shape[2:]), targets.reshape(-1, 1))


def true_answers(images: AnnotatedFile, question: str, values: Sequence[str]) -> np.ndarray:
    """Return the true places in `values` (N,), -1 where unknown: of an attribute, the class, or a part's presence."""
    if question in images.values:
        return images.attribute(question)
    if question == CLASSES:
        return images.labels
    if question in images.parts:
        return np.asarray(images.masks(question).any(axis=(1, 2)), np.int64)
    return np.full(len(images), UNKNOWN)
