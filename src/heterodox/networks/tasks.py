"""What a head answers: one class among several, or a yes or no for each of several marks."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from heterodox.errors import UserError
from heterodox.storage.annotations import UNKNOWN, AnnotatedFile

CLASSES = "species"  # the task whose answers are the classes of the images themselves


@dataclass(frozen=True)
class Task:
    """`outputs` names the logits; `multi_label` tells a yes or no each (sigmoid) from one class of all (softmax).

    Its targets are a place in `outputs`, int64 (N, 1), or 0 and 1 per output, int64 (N, outputs); -1 is unknown.
    """

    name: str
    outputs: tuple[str, ...]
    multi_label: bool = False

    @property
    def columns(self) -> int:
        """Return how many columns of targets the task has."""
        return len(self.outputs) if self.multi_label else 1

    def described(self) -> dict[str, Any]:
        """Return the task as JSON takes it."""
        return asdict(self) | {"outputs": list(self.outputs)}


def task_from(described: dict[str, Any]) -> Task:
    """Return what `described` gave."""
    return Task(described["name"], tuple(described["outputs"]), described["multi_label"])


def attribute_task(images: AnnotatedFile, attribute: str) -> Task:
    """Return the task to tell an attribute, or `species`, the class. UserError where the images do not know it."""
    if attribute == CLASSES and CLASSES not in images.values:
        return Task(CLASSES, tuple(images.classes))
    images.attribute(attribute)
    return Task(attribute, tuple(images.values[attribute]))


def presence_task(name: str, parts: list[str]) -> Task:
    """Return the task to tell which of these parts an image has."""
    return Task(name, tuple(parts), multi_label=True)


def targets(images: AnnotatedFile, task: Task) -> np.ndarray:
    """Return the targets of a task, int64 (N, columns); a part is present where its mask is not empty."""
    if not task.multi_label:
        places = images.labels if task.name == CLASSES and CLASSES not in images.values else images.attribute(task.name)
        if list(task.outputs) != list(images.values.get(task.name, images.classes)):
            raise UserError(
                f"{images.path}: its values of {task.name} are not those that are learned; prepare it again"
            )
        return places[:, None]
    return np.stack([_present(images, part) for part in task.outputs], axis=1)


def _present(images: AnnotatedFile, part: str) -> np.ndarray:
    step = max(1, 2**25 // int(np.prod(images.image_shape)))
    starts = range(0, len(images), step)
    found = [images.masks(part, start, start + step).any((1, 2)) for start in starts]
    return np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)


def known(places: np.ndarray) -> np.ndarray:
    """Return the rows of targets (N, columns) in which something is known."""
    return np.flatnonzero((places != UNKNOWN).any(1))
