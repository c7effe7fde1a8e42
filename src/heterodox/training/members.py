"""From a job's spec to a network to train, and from the trained network to a member on disk."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build, load_member, native_resolution, parameter_count
from heterodox.storage.members import read_description
from heterodox.storage.provenance import versions
from heterodox.training.images import LabelledImages, mean_and_std
from heterodox.training.recipe import Checked


def stream_name(spec: Mapping[str, Any]) -> str:
    """Return the name under which a member draws random numbers: its own, with its own seed."""
    return f"{spec['wildcards']['member']} {spec['config']['member'].get('seed', 1)}"


def new_member(spec: Mapping[str, Any], training: LabelledImages, stream: str | None = None) -> Member:
    """Return an untrained member: initial weights drawn under `stream`, mean and std of the training images.

    The stream is by default the member's own; members of one architecture with one stream begin alike.
    """
    entry = spec["config"]["member"]
    network = build(
        entry["arch"],
        training.shape,
        len(training.classes),
        entry.get("model", "small"),
        seed=spec["config"]["seed"],
        member=stream or stream_name(spec),
    )
    mean, std = mean_and_std(training.images)
    return Member(network, mean, std, native_resolution(network, training.shape[1:])).to(training.device)


def load_teacher(weights: Path, training: LabelledImages) -> Member:
    """Return the trained member in `weights`; UserError unless it was trained for the classes of these images."""
    classes = read_description(weights)["classes"]
    if classes != list(training.classes):
        raise UserError(
            f"{weights}: the teacher's {len(classes)} classes are not the pupil's {len(training.classes)}; "
            "train the teacher on this data set"
        )
    return load_member(weights, training.device)


def with_distillation_token(member: Member, arch: str) -> Member:
    """Let the network return both heads' logits while training. UserError where it has no distillation token."""
    network: Any = member.network
    if not hasattr(network, "set_distilled_training"):
        raise UserError(f"arch {arch}: has no distillation token to teach; take deit, or drop the member's teacher")
    network.set_distilled_training(True)
    return member


def description(
    spec: Mapping[str, Any], member: Member, images: LabelledImages, recipe: Checked, **outcome: Any
) -> dict[str, Any]:
    """Return what is written beside the weights: who the member is, how it sees, how it was trained (`outcome`)."""
    config = spec["config"]
    entry = config["member"]
    return {
        "member": spec["wildcards"]["member"],
        "arch": entry["arch"],
        "model": entry.get("model", "small"),
        "parameters": parameter_count(member.network),
        "dataset": config["dataset"],
        "seed": config["seed"],
        "member_seed": entry.get("seed", 1),
        "recipe": dataclasses.asdict(recipe),
        "classes": list(images.classes),
        "mean": member.mean.flatten().tolist(),
        "std": member.std.flatten().tolist(),
        "resolution": list(member.resolution),
        "channels": images.shape[0],
        "versions": versions("heterodox", "timm", "torch"),
        **outcome,
    }


def backbone_history(backbone: Path) -> dict[str, Any]:
    """Return how a backbone came about, for the description of the member that a probe makes of it."""
    described = read_description(backbone)
    return {"pretraining": described["recipe"], "history": described["history"], "best_epoch": described["best_epoch"]}
