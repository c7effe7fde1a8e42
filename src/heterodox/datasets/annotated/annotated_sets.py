"""A set of annotated images that is read piece by piece, and its way into a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from heterodox.datasets.image_sets import ImageSet
from heterodox.errors import UserError
from heterodox.storage.annotations import write_annotated
from heterodox.storage.images import BATCH_BYTES
from heterodox.storage.rows import State


@dataclass(frozen=True)
class Annotated:
    """Some images, uint8 (n, H, W, C): masks bool (n, H, W), key points (n, 2) in pixels, drawn numbers (n, ...)."""

    images: np.ndarray
    masks: dict[str, np.ndarray]
    key_points: dict[str, np.ndarray]
    parameters: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class AnnotatedSet(ImageSet):
    """An image set with `attributes` int64 (N,), places in the lists of `values`, -1 for unknown.

    `annotated` takes rows 0..N-1 and returns these images with what is marked in them. `notes` tell where the set
    comes from.
    """

    values: Mapping[str, Sequence[str]]
    attributes: Mapping[str, np.ndarray]
    annotated: Callable[[np.ndarray], Annotated]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def subset(self, rows: np.ndarray) -> Self:
        """Return the images at these rows, in this order."""
        return replace(
            super().subset(rows),
            attributes={name: places[rows] for name, places in self.attributes.items()},
            annotated=lambda chosen: self.annotated(rows[chosen]),
        )

    def telling(self, names: Sequence[str]) -> Self:
        """Return the set with these attributes only. UserError for one that it does not have."""
        for name in names:
            if name not in self.attributes:
                raise UserError(f"attribute {name}: there is none; these images have {', '.join(self.attributes)}")
        kept = {name: self.attributes[name] for name in names}
        return replace(self, attributes=kept, values={name: self.values[name] for name in names})

    def write(self, path: Path, attributes: Mapping[str, Any], state: State | None = None) -> None:
        """Write the set as a file of annotated images, never holding more than 64 MiB of images.

        `attributes` are those of the file. With a state, a later attempt goes on where a killed one was.
        """
        size = max(1, BATCH_BYTES // (4 * int(np.prod(self.shape))))
        notes = {**self.notes, **attributes}
        with write_annotated(
            path, self.shape, self.labels, self.index, self.classes, self.values, self.attributes, notes, state
        ) as writer:
            for start in range(writer.filled, len(self), size):
                part = self.annotated(np.arange(start, min(start + size, len(self))))
                writer.append(part.images, part.masks, part.key_points, part.parameters)


def annotated_set(
    labels: np.ndarray,
    index: np.ndarray,
    classes: Sequence[str],
    shape: tuple[int, int, int],
    values: Mapping[str, Sequence[str]],
    attributes: Mapping[str, np.ndarray],
    annotated: Callable[[np.ndarray], Annotated],
    notes: Mapping[str, Any] | None = None,
) -> AnnotatedSet:
    """Return a set whose images are those of `annotated`."""
    return AnnotatedSet(
        labels, index, list(classes), shape, lambda rows: annotated(rows).images, values, attributes, annotated,
        notes or {},
    )  # fmt: skip
