"""Run a member over a shift: logits and explanations, streamed to a dump with bounded memory."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from heterodox.errors import UserError
from heterodox.explain import interface
from heterodox.networks.loading import Member, available_device, load_member
from heterodox.storage.dumps import write_dump
from heterodox.storage.images import ImageFile
from heterodox.storage.members import description_path, read_description
from heterodox.storage.provenance import fingerprint, provenance
from heterodox.storage.rows import State

log = logging.getLogger(__name__)


def dump(
    member: Member,
    images: ImageFile,
    path: Path,
    methods: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    batch_size: int | None = None,
    state: State | None = None,
) -> None:
    """Write the member's logits, and per method the maps of its own top class, for every image of a file.

    Logits are float32; a batch's size changes them by rounding only. With a state a later attempt goes on where a
    killed one was. Raises UserError where the images' classes or channels are not the member's, a method is unknown,
    or a logit or map is not finite.
    """
    explanations = {name: interface.load(name) for name in methods}
    member = member.eval().to(device)
    size = batch_size or member.batch_size
    with (
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),  # as precise on a GPU as on a CPU
        write_dump(path, images.labels, images.index, len(images.classes), attributes, state) as writer,
    ):
        for pixels in _batches(images, size, writer.filled, device):
            logits = _checked_logits(member, pixels, images)
            targets = logits.argmax(1)
            maps = {
                name: interface.explain_member(method, member, pixels, targets).cpu().numpy()
                for name, method in explanations.items()
            }
            writer.append(logits.cpu().numpy(), maps)


def dump_weights(
    spec: Mapping[str, Any],
    weights: Path,
    images: Path,
    path: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Write the dump of the member in `weights` as its job asks; `state` lets a killed job go on.

    The job's spec holds the wildcard `shift` and, in its config, `dataset` and `methods`. Raises UserError as `dump`.
    """
    device, config = available_device(), spec["config"]
    member, described, made_by = load_member(weights, device), read_description(weights), provenance(device)
    attributes = {
        "member": described["member"],
        "arch": described["arch"],
        "dataset": config["dataset"],
        "shift": spec["wildcards"]["shift"],
        "seed": described["seed"],
        "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
    }
    # A commit that changes none of the code that runs, which is in the spec, may lie between two attempts.
    machine = {name: made_by[name] for name in ("torch_version", "device")}
    inputs = [weights, description_path(weights), images]
    waiting = State(state, fingerprint({**spec, **machine}, inputs), state_seconds)
    with ImageFile(images) as file:
        check_classes(described["classes"], weights, file)
        dump(member, file, path, config["methods"], attributes | made_by, device, state=waiting)
        log.info("%s: %d images, device %s", path, len(file), device)


def check_classes(classes: Sequence[str], weights: Path, images: ImageFile) -> None:
    """Raise UserError unless the member in `weights` was trained for the classes of the images, in their order."""
    if list(classes) != images.classes:
        raise UserError(
            f"{weights}: its {len(classes)} classes are not the {len(images.classes)} of {images.path}; "
            "train the member on this data set"
        )


def _batches(images: ImageFile, size: int, first: int, device: torch.device | str) -> Iterator[torch.Tensor]:
    for _, batch in images.batches(size, first):
        yield torch.from_numpy(batch).to(device).permute(0, 3, 1, 2).float() / 255  # stays channels-last: faster


def _checked_logits(member: Member, pixels: torch.Tensor, images: ImageFile) -> torch.Tensor:
    if member.mean.shape[1] != pixels.shape[1]:
        raise UserError(f"{images.path}: {pixels.shape[1]} channels, but the member takes {member.mean.shape[1]}")
    with torch.no_grad():
        logits = member(pixels).float()
    if logits.shape[1] != len(images.classes):
        raise UserError(f"{images.path}: {len(images.classes)} classes, but the member knows {logits.shape[1]}")
    return logits
