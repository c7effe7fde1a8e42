"""One cell: trained on the training images, measured on the validation images. The task of a cell search."""

import logging
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heterodox.metrics.introspectability import introspectability
from heterodox.networks.activations import LAYERS, ClassMeans, class_means, units_of
from heterodox.networks.cell_networks import Skeleton, model_name, published_parameter_count
from heterodox.networks.cells import canonical, representative, to_string
from heterodox.networks.loading import Member, available_device, build, parameter_count
from heterodox.searches.class_similarity import similarities_of_classes
from heterodox.storage.members import write_member
from heterodox.storage.provenance import versions
from heterodox.training.cells import CellRecipe, CellSupervision
from heterodox.training.images import LabelledImages, mean_and_std, pixels, read_images
from heterodox.training.loop import DivergenceError, Progress, train
from heterodox.training.state import StateFile

log = logging.getLogger(__name__)

BATCH_ACTIVATIONS = 2**25  # values held at once where activations are looked at: 128 MiB


@dataclass(frozen=True)
class CellData:
    """Training and validation images on one device, with each channel's mean and std of the former."""

    train: LabelledImages
    validation: LabelledImages
    mean: list[float]
    std: list[float]


def read_cell_data(data: Mapping[str, Any], device: torch.device) -> CellData:
    """Read what `evaluate_cell` calls `data`, once per process while the files are unchanged."""
    parts = tuple(
        (str(data[split]), Path(data[split]).stat().st_mtime_ns, data.get("images", {}).get(split))
        for split in ("train", "validation")
    )
    return _cell_data(parts, device)


@lru_cache(maxsize=2)
def _cell_data(parts: tuple[tuple[str, int, int | None], ...], device: torch.device) -> CellData:
    train, validation = (
        _share(read_images(Path(path), torch.device("cpu")), count).to(device) for path, _, count in parts
    )
    return CellData(train, validation, *mean_and_std(train.images))


def _share(images: LabelledImages, count: int | None) -> LabelledImages:
    """Return `count` images, of every class its share, in the order of the source; all where there are no more."""
    if count is None or count >= len(images):
        return images
    # The k-th image of a class comes after all first ones, so any beginning of this order is balanced.
    ranks = torch.zeros_like(images.labels)
    for label in range(len(images.classes)):
        own = images.labels == label
        ranks[own] = torch.arange(int(own.sum()))
    rows = torch.argsort(ranks, stable=True)[:count].sort().values
    return LabelledImages(images.images[rows], images.labels[rows], images.classes)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def evaluate_cell(
    encoding: Sequence[int],
    data: Mapping[str, Any],
    recipe: Mapping[str, Any],
    seed: int,
    skeleton: Mapping[str, int],
    layers: Sequence[str] = LAYERS,
    wordnet: Mapping[str, str] | None = None,
    weights: Path | None = None,
    state: StateFile | None = None,
) -> dict[str, Any]:
    """Train a cell's network and return what is measured of it, as plain JSON values (None for what is not defined).

    data: `train` and `validation`, image files, `dataset`, its name, and `images`, how many of each split are taken
    (the first of every class; all if left out or None). recipe: of `training.cells.CellRecipe`.
    skeleton: `cells_per_stack` and `width`. layers: kinds that introspectability and the regulariser look at. wordnet:
    see `similarities_of_classes`; None leaves the weighted values out. weights: where the member is written, if
    anywhere. state: lets a killed evaluation go on.

    Of all cells that are the same function one is trained, `networks.cells.representative`, and what is drawn is keyed
    by the seed and the canonical form: the result belongs to the function. On one machine with one build of torch it is
    the same bit for bit, `seconds`, `processor_seconds` and `images_per_second` aside.

    accuracy: on the validation images after the last epoch. training_accuracy: on as many training images, as they are;
    generalisation_error: what it is above `accuracy`. loss: of training, the mean of the last epoch. introspectability:
    Eq. 1 by true label; `_predicted` by predicted label; `_wordnet` weighted and normalised (Eqs 2-4).
    images_per_second: of training, by processor time on a CPU, where other programs may run as well, by elapsed time
    on a GPU. parameters: of what is built; published_parameters: as NAS-Bench-201 counts. fault: why a training ended
    early; accuracy and introspectability are None then.
    """
    settings, macro = CellRecipe.from_config(recipe, "cells.recipe"), Skeleton(**skeleton)
    with threads(settings.threads):
        images = read_cell_data(data, available_device())
        member = new_cell(encoding, macro, images, seed)
        described = describe(encoding, macro, images.train) | {
            "seed": seed,
            "threads": settings.threads,
            "parameters": parameter_count(member.network),
        }
        started, used = time.perf_counter(), time.process_time()
        try:
            progress = train_cell(member, images, settings, seed, stream_name(encoding), state, layers=layers)
        except DivergenceError as error:
            log.warning("%s", error)
            return described | {"accuracy": None, "introspectability": None, "fault": str(error)}
        seconds, processor = time.perf_counter() - started, time.process_time() - used
        similarities = None if wordnet is None else similarities_of_classes(images.train.classes, wordnet)
        result = described | measure(member, images, layers, similarities)
    size = min(settings.batch_size, len(images.train))
    shown = settings.epochs * (len(images.train) // size) * size
    result["loss"] = progress.history[-1]["loss"]
    timings = {
        "seconds": seconds,
        "processor_seconds": processor,
        "images_per_second": shown / (processor if images.train.device.type == "cpu" else seconds),
    }
    if weights is not None:
        names = {"member": weights.stem, "dataset": data["dataset"], "model": model_of(encoding, macro)}
        write_member(weights, progress.weights, names | _description(member, images, settings, result, progress))
    if state is not None:
        state.remove()
    return result | timings


def stream_name(encoding: Sequence[int]) -> str:
    """Return the name under which a cell draws random numbers: its function's."""
    return f"cell {canonical(encoding)}"


def describe(encoding: Sequence[int], skeleton: Skeleton, images: LabelledImages) -> dict[str, Any]:
    """Return what is known of a cell before it is trained."""
    return {
        "encoding": list(map(int, encoding)),
        "cell": to_string(encoding),
        "canonical": canonical(encoding),
        "published_parameters": published_parameter_count(encoding, skeleton, images.shape[0], len(images.classes)),
    }


def model_of(encoding: Sequence[int], skeleton: Skeleton) -> str:
    """Return the model, as the architecture `cell` takes it, that is trained for a cell."""
    return model_name(representative(encoding), skeleton)


def new_cell(encoding: Sequence[int], skeleton: Skeleton, images: CellData, seed: int) -> Member:
    """Return the untrained member of a cell: initial weights keyed by the seed and the cell's function."""
    shape, classes = images.train.shape, len(images.train.classes)
    network = build("cell", shape, classes, model_of(encoding, skeleton), seed=seed, member=stream_name(encoding))
    return Member(network, images.mean, images.std, shape[1:]).to(images.train.device)


def train_cell(
    member: Member,
    images: CellData,
    recipe: CellRecipe,
    seed: int,
    name: str,
    state: StateFile | None = None,
    weights: np.ndarray | None = None,
    layers: Sequence[str] = LAYERS,
) -> Progress:
    """Train a member and return its progress; `weights` are those of Eq. 5, one per pair of classes.

    layers: kinds that the regulariser looks at, where the recipe has one.

    The member's network has the weights of the last epoch afterwards. Raises DivergenceError.
    """
    objective = CellSupervision(member, recipe, len(images.train.classes), weights, layers)
    with tempfile.TemporaryDirectory() as folder:
        file = state if state is not None else StateFile(Path(folder) / "state.pt", name, math.inf)
        return train(objective, images.train, images.validation, recipe, seed, name, file)


def measure(
    member: Member, images: CellData, layers: Sequence[str] = LAYERS, similarities: np.ndarray | None = None
) -> dict[str, Any]:
    """Return accuracies and introspectability of a trained member, see `evaluate_cell`."""
    seen, labels = images.validation, images.validation.labels
    means = class_means_of(member, seen, [labels, None], layers)
    accuracy = float((means[1].labels == means[0].labels).mean())
    part = images.train.first(len(seen))
    training = float((predicted(member, part) == part.labels).double().mean())
    result: dict[str, Any] = {
        "accuracy": accuracy,
        "training_accuracy": training,
        "generalisation_error": training - accuracy,
    }
    for suffix, found in zip(("", "_predicted"), means, strict=True):
        distances = found.distances()
        result[f"introspectability{suffix}"] = _finite(introspectability(distances))
        if similarities is not None:
            result[f"introspectability_wordnet{suffix}"] = _finite(introspectability(distances, similarities))
    return result


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def normalised_batches(member: Member, images: LabelledImages, size: int | None = None) -> Iterator[torch.Tensor]:
    """Yield normalised images (n, C, H, W) in order, as the member's network takes them, `size` at a time."""
    for batch in images.images.split(size or member.batch_size):
        yield member.normalised(pixels(batch))


@torch.no_grad()
def predicted(member: Member, images: LabelledImages) -> torch.Tensor:
    """Return the predicted class of each image, int64 (N,)."""
    member.eval()
    return torch.cat([member.network(batch).argmax(1) for batch in normalised_batches(member, images)])


def class_means_of(
    member: Member,
    images: LabelledImages,
    labelings: Sequence[torch.Tensor | None],
    layers: Sequence[str] = LAYERS,
) -> list[ClassMeans]:
    """Return the class means of a member's activations for each labeling of the images, None for its predictions.

    Batches are as large as `BATCH_ACTIVATIONS` allows.
    """
    units = units_of(member.network, next(normalised_batches(member, images, 1)), layers)
    size = max(1, min(member.batch_size, BATCH_ACTIVATIONS // units))
    batches = normalised_batches(member, images, size)
    return class_means(member.network, batches, labelings, len(images.classes), layers)


def _description(
    member: Member, images: CellData, recipe: CellRecipe, result: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Return what stands beside a cell's weights besides its names, so that it is a member like any other."""
    return {
        **result,
        "arch": "cell",
        "recipe": asdict(recipe),
        "classes": list(images.train.classes),
        "mean": images.mean,
        "std": images.std,
        "resolution": list(member.resolution),
        "channels": images.train.shape[0],
        "versions": versions("heterodox", "torch"),
        "validation_accuracy": result["accuracy"],
        **progress.outcome(),
    }
