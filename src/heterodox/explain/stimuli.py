"""Maps that people are shown in the first user study: of every member, for the true species of each chosen image."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.explain.interface import load
from heterodox.explain.multitask import networks_for
from heterodox.explain.sets import Cases, Explained, write_cases
from heterodox.networks.heads import HeadMember, load_heads
from heterodox.networks.loading import available_device
from heterodox.networks.multitask import load_multitasks
from heterodox.networks.tasks import CLASSES
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MEMBER, write_maps
from heterodox.storage.provenance import provenance
from heterodox.storage.rows import State


def members_on_species(weights: Path, is_multitask: bool, device: Any) -> tuple[list[HeadMember], list[str]]:
    """Return the members that tell species, and the species; UserError for networks that were taught something else."""
    if is_multitask:
        multitasks = load_multitasks(weights, device)
        members = networks_for(multitasks, CLASSES)
        return members, list(next(task.outputs for task in multitasks.tasks if task.name == CLASSES))
    ensemble = load_heads(weights, device)
    return ensemble.members, ensemble.outputs


def explain_species(
    config: Mapping[str, Any],
    weights: Path,
    is_multitask: bool,
    images: Path,
    rows: np.ndarray,
    path: Path,
    waiting: State,
) -> None:
    """Write the maps of all members for the true species of these images; config: method, seed, memory_megabytes."""
    device = available_device()
    members, outputs = members_on_species(weights, is_multitask, device)
    method = load(config["method"], seed=config["seed"], budget=config["memory_megabytes"] * 2**20)
    with AnnotatedFile(images) as file:
        if list(outputs) != list(file.classes):
            raise UserError(f"{weights}: its outputs are no species of {images}; name members that tell species")
        cases = Cases(rows, file.labels[rows])
        attributes = {"method": config["method"], "outputs": json.dumps(list(outputs)), **provenance(device)}
        with write_maps(path, cases.labels, file.index[rows], rows, attributes, waiting) as writer:
            write_cases(writer, [Explained(MEMBER, members, [method])], file, cases, device)
