"""Inspections of cells: what a trained cell's activations say of its classes and of every test image."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path
from heterodox.storage.hdf5 import CheckedFile, new_file, open_for_reading


@dataclass(frozen=True)
class Inspection:
    """What is known of one member.

    labels, index: (N,) of the test images; logits (N, classes).
    distances: (N, classes) cosine distance of each image's activations to each class's mean over training images.
    pair_distances: (classes, classes) between the class means of the validation images, as introspectability has them.
    gram: (classes, classes) inner products of the class means of the training images.
    heat: (classes, blocks) mean activation by class and block, see metrics.class_means; `blocks` are their names.
    """

    labels: np.ndarray
    index: np.ndarray
    logits: np.ndarray
    distances: np.ndarray
    pair_distances: np.ndarray
    gram: np.ndarray
    heat: np.ndarray
    member: str
    genome: str
    accuracy: float
    introspectability: float
    classes: tuple[str, ...]
    blocks: tuple[str, ...]

    @property
    def predictions(self) -> np.ndarray:
        """Return the predicted class of each test image (N,)."""
        return self.logits.argmax(axis=1)

    @property
    def correct(self) -> np.ndarray:
        """Return which predictions are right (N,)."""
        return self.predictions == self.labels


ARRAYS = ("labels", "index", "logits", "distances", "pair_distances", "gram", "heat")
NAMES = ("classes", "blocks")


def write_inspection(path: Path, inspection: Inspection) -> None:
    """Write an inspection, whole or not at all."""
    with atomic_path(path) as partial, new_file(partial) as file:
        for item in fields(inspection):
            value = getattr(inspection, item.name)
            if item.name in ARRAYS:
                file[item.name] = value
            else:
                file.attrs[item.name] = json.dumps(list(value)) if item.name in NAMES else value


class _InspectionFile(CheckedFile):
    what = "inspection"

    def read(self) -> Inspection:
        """Return all of it; UserError where a part is missing or its shape is not that of the others."""
        known = self.attributes
        missing = [item.name for item in fields(Inspection) if item.name not in (*ARRAYS, *known)]
        if missing:
            raise UserError(f"{self.path}: lacks {', '.join(missing)}; delete it and run again")
        values: dict[str, object] = {"labels": self.labels, "index": self.index}
        values |= {name: self._values(self._dataset(name)) for name in ARRAYS[2:]}
        values |= {
            item.name: tuple(json.loads(known[item.name])) if item.name in NAMES else known[item.name]
            for item in fields(Inspection)
            if item.name not in ARRAYS
        }
        found = Inspection(**values)  # type: ignore[arg-type]
        self._check(found)
        return found

    def _check(self, found: Inspection) -> None:
        classes = len(found.classes)
        wanted = {
            "logits": (len(self), classes),
            "distances": (len(self), classes),
            "pair_distances": (classes, classes),
            "gram": (classes, classes),
            "heat": (classes, len(found.blocks)),
        }
        for name, shape in wanted.items():
            if getattr(found, name).shape != shape:
                raise UserError(f"{self.path}: '{name}' has shape {getattr(found, name).shape}, expected {shape}")
            if not np.isfinite(getattr(found, name)).all():
                raise UserError(f"{self.path}: '{name}' holds NaN or infinite values; train the cell again")


def read_inspection(path: Path) -> Inspection:
    """Return the inspection in a file; UserError where it is missing, damaged or not finite."""
    with _InspectionFile(path) as file:
        return file.read()


def read_inspections(paths: Sequence[Path]) -> Mapping[str, Inspection]:
    """Return several inspections by member; UserError unless all are of the same images and classes."""
    found = {}
    first: Inspection | None = None
    for path in paths:
        one = read_inspection(path)
        first = first or one
        if one.classes != first.classes or not np.array_equal(one.index, first.index):
            raise UserError(f"{path}: speaks of other images or classes than {paths[0]}; run the inspections again")
        found[one.member] = one
    return found


@dataclass(frozen=True)
class Repair:
    """A member before and after its two closest classes were pushed apart, in several trials.

    labels (N,) of the test images, predictions (N,) before, repaired_predictions (trials, N) after; distances (classes,
    classes) between class means of the validation images before, repaired_distances (trials, classes, classes) after.
    """

    labels: np.ndarray
    predictions: np.ndarray
    repaired_predictions: np.ndarray
    distances: np.ndarray
    repaired_distances: np.ndarray
    member: str
    pair: tuple[int, int]
    classes: tuple[str, ...]


REPAIR_ARRAYS = ("labels", "predictions", "repaired_predictions", "distances", "repaired_distances")


def write_repair(path: Path, repair: Repair) -> None:
    """Write a repair, whole or not at all."""
    with atomic_path(path) as partial, new_file(partial) as file:
        for name in REPAIR_ARRAYS:
            file[name] = getattr(repair, name)
        file.attrs["member"] = repair.member
        file.attrs["pair"] = json.dumps(list(repair.pair))
        file.attrs["classes"] = json.dumps(list(repair.classes))


def read_repair(path: Path) -> Repair:
    """Return the repair in a file; UserError where it is missing, damaged or lacks a part."""
    with open_for_reading(path, "repair") as file:
        try:
            arrays = {name: file[name][()] for name in REPAIR_ARRAYS}
            low, high = json.loads(file.attrs["pair"])
            member, classes = str(file.attrs["member"]), tuple(json.loads(file.attrs["classes"]))
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise UserError(f"{path}: damaged or not a repair; delete it and run again") from error
    return Repair(**arrays, member=member, pair=(low, high), classes=classes)
