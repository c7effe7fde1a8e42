"""All members of a set explained on the same images by one method, streamed to one file; and what they answer.

What is explained on an image is the logit of its true class, where somebody noted it; else the class that a member
itself predicts. Of members with several yes-or-no outputs, one for each part, those are explained whose part is there.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.explain.interface import Method, load
from heterodox.explain.shared import groups
from heterodox.explain.wrapping import OneNetwork
from heterodox.networks.heads import Ensemble, load_heads
from heterodox.networks.loading import available_device
from heterodox.storage.annotations import UNKNOWN, AnnotatedFile
from heterodox.storage.explanations import MEMBER, MapWriter, write_answers, write_maps
from heterodox.storage.members import description_path
from heterodox.storage.provenance import fingerprint, provenance
from heterodox.storage.rows import State
from heterodox.streams import stream

log = logging.getLogger(__name__)
DRAWS = "draws"  # one member explained several times, each time with other draws
RESULT_BYTES = 64 * 2**20  # of maps with all channels, before they go to the file


@dataclass(frozen=True)
class Cases:
    """What is explained: the images' rows in their file, and the output of each, -1 for the predicted class."""

    rows: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.rows)


def chosen_rows(seed: int, index: np.ndarray, count: int) -> np.ndarray:
    """Return `count` rows of a file in rising order, drawn by the images' identities; all where there are fewer.

    A larger count keeps the images of a smaller one.
    """
    places = [stream(seed, "explained images", identity).random() for identity in index.tolist()]
    return np.sort(np.argsort(places, kind="stable")[:count])


def cases_of(images: AnnotatedFile, task: Mapping[str, Any], outputs: Sequence[str], rows: np.ndarray) -> Cases:
    """Return what a task has to explain on these rows.

    With `presence` every part that an image shows is a case of its own; with an attribute every image whose value is
    noted, or every image where nobody noted any. UserError where an output has no masks, or nothing is left.
    """
    if task["presence"]:
        there = np.stack([images.masks_at(part, rows).any(axis=(1, 2)) for part in outputs], axis=1)
        places, labels = np.nonzero(there)
        found = Cases(rows[places], labels)
    elif task["attribute"] in images.values:
        values = images.attribute(task["attribute"])[rows]
        found = Cases(rows[values != UNKNOWN], values[values != UNKNOWN])
    elif task["evaluated_on"]:
        found = Cases(rows, np.full(len(rows), UNKNOWN))
    else:
        known = ", ".join(images.values) or "none"
        raise UserError(f"{images.path}: there is no attribute {task['attribute']}; it has {known}")
    if not len(found):
        raise UserError(f"{images.path}: none of {len(rows)} images has anything to explain; take more images")
    return found


def empty_masks(images: AnnotatedFile, task: Mapping[str, Any], rows: np.ndarray) -> int:
    """Return how many masks of the parts that a task asks for are empty on these rows, of rows x parts.

    With `presence` such a part is no case. A part that nobody outlined has no masks.
    """
    asked = [part for part in task["presence"] or [task["part"]] if part in images.parts]
    return int(sum((~images.masks_at(part, rows).any(axis=(1, 2))).sum() for part in asked))


class Explained(NamedTuple):
    """Some of the maps of a file: what they are called, the networks that are explained, and the methods used."""

    kind: str
    networks: Sequence[nn.Module]
    methods: Sequence[Method]

    @property
    def names(self) -> list[str]:
        """Return the kind once for each map."""
        return [self.kind] * (len(self.networks) * len(self.methods))


def explain_set(spec: Mapping[str, Any], weights: Path, images: Path, path: Path, waiting: State) -> None:
    """Write the maps of a member set for one method, as a job asks, for the images that its spec chooses.

    The spec has the wildcards member_set and method; its config `task`, `images` (their number), `seed`, `consensus`
    (ensembles to explain as one network), `draws` (of the control), `memory_megabytes`, `signed`, `layer`. Raises
    UserError as the methods do.
    """
    config, names = spec["config"], spec["wildcards"]
    device = available_device()
    ensemble = load_heads(weights, device)
    options = {"seed": config["seed"], "budget": config["memory_megabytes"] * 2**20, "signed": config["signed"]}
    options |= {"layer": config["layer"]}
    parts = explained(ensemble, names["method"], config["consensus"], config["draws"], options)
    with AnnotatedFile(images) as file:
        rows = chosen_rows(config["seed"], file.index, config["images"])
        cases = cases_of(file, config["task"], ensemble.outputs, rows)
        attributes = {key: names[key] for key in ("member_set", "method")} | provenance(device)
        attributes |= {"outputs": json.dumps(ensemble.outputs), "images": config["images"]}
        attributes["empty_masks"] = empty_masks(file, config["task"], rows)
        kinds = [name for part in parts for name in part.names]
        with write_maps(path, cases.labels, file.index[cases.rows], cases.rows, attributes, waiting, kinds) as writer:
            write_cases(writer, parts, file, cases, device)
    log.info("%s: %d cases, device %s", path, len(cases), device)


def explained(
    ensemble: Ensemble, name: str, consensus: Sequence[str], draws: int, options: Mapping[str, Any]
) -> list[Explained]:
    """Return what is explained by the method `name`: members, draws of the first one, ensembles as one network.

    There are so many `draws`, each with another repetition; none of a method that draws nothing.
    """
    method, members = load(name, **options), ensemble.members
    parts = [Explained(MEMBER, members, [method])]
    if "samples" in signature(method.explain).parameters:
        repetitions = [load(name, repetition=place, **options) for place in range(draws)]
        parts.append(Explained(DRAWS, members[:1], repetitions))
    for kind in consensus:
        parts.append(Explained(kind, [OneNetwork(members, kind, ensemble.multi_label).eval()], [method]))
    return parts


def write_cases(
    writer: MapWriter,
    parts: Sequence[Explained],
    images: AnnotatedFile,
    cases: Cases,
    device: torch.device | str = "cpu",
) -> None:
    """Explain the cases that the writer lacks, in their order; colours are summed, so a map is (H, W)."""
    most = max(len(part.networks) for part in parts)
    size = max(1, RESULT_BYTES // (4 * most * int(np.prod(images.image_shape))))
    for start in range(writer.filled, len(cases), size):
        some = slice(start, start + size)
        pixels = as_pixels(images.at(cases.rows[some]), device)
        keys = [str(identity) for identity in images.index[cases.rows[some]]]
        maps, targets = zip(*(_explain(part, pixels, cases.labels[some], keys) for part in parts), strict=True)
        writer.append(np.concatenate(maps, axis=1), np.concatenate(targets, axis=1))


def _explain(part: Explained, pixels: Tensor, labels: np.ndarray, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return maps (n, k, H, W) and what they explain (n, k)."""
    targets = _targets(part.networks, pixels, labels)
    maps = [method.of_members(part.networks, pixels, targets, keys).sum(2) for method in part.methods]
    found = torch.cat(maps).transpose(0, 1).cpu().numpy()
    return found, np.tile(targets.T.cpu().numpy(), len(part.methods))


def as_pixels(images: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """Return stored images, uint8 (n, H, W, C), as pixels in [0, 1] (n, C, H, W)."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


def _targets(networks: Sequence[nn.Module], pixels: Tensor, labels: np.ndarray) -> Tensor:
    """Return what each network is asked about (M, n): the label or, where that is unknown, its own top class."""
    known = torch.from_numpy(labels).to(pixels.device).expand(len(networks), -1)
    return (
        known if (labels != UNKNOWN).all() else torch.where(known == UNKNOWN, logits(networks, pixels).argmax(2), known)
    )


def logits(networks: Sequence[nn.Module], pixels: Tensor) -> Tensor:
    """Return the networks' logits (M, n, outputs); what runs on one trunk runs it once."""
    found: dict[int, Tensor] = {}
    for places, members in groups(networks):
        found |= dict(zip(places, members.logits(pixels), strict=True))
    return torch.stack([found[place] for place in range(len(networks))])


def answer_set(spec: Mapping[str, Any], weights: Path, images: Path, path: Path, waiting: State) -> None:
    """Write every member's logits for all images of a file."""
    device = available_device()
    ensemble = load_heads(weights, device)
    with AnnotatedFile(images) as file:
        attributes = {"member_set": spec["wildcards"]["member_set"], **provenance(device)}
        attributes["outputs"] = json.dumps(ensemble.outputs)
        with write_answers(path, file.labels, file.index, attributes, waiting) as rows:
            for pixels in _batches(file, rows.filled, device):
                rows.append({"logits": logits(ensemble.members, pixels).transpose(0, 1).float().cpu().numpy()})


def _batches(images: AnnotatedFile, first: int, device: torch.device | str) -> Iterator[Tensor]:
    for _, batch in images.batches(64, first):
        yield as_pixels(batch, device)


def waiting_state(spec: Mapping[str, Any], weights: Path, images: Path, state: Path, state_seconds: float) -> State:
    """Return where a job's unfinished work lies, and whose work it is."""
    made_by = provenance(available_device())
    machine = {name: made_by[name] for name in ("torch_version", "device")}
    return State(state, fingerprint({**spec, **machine}, [weights, description_path(weights), images]), state_seconds)
