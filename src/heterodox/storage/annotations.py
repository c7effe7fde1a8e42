"""Annotated images: an image file that also knows what is where.

Beside `images`, `labels` (the class) and `index` of `storage.images`, which reads these files too, there are

    attributes/{name}   int64 (N,)                the place of each image's value in the attribute's list, -1 unknown
    masks/{part}        uint8 (N, H, ceil(W/8))   bits along each row (np.packbits): 1 where the part is seen
    key_points/{part}   float64 (N, 2)            (x, y) in pixels, NaN where the part is not seen or not marked
    parameters/{name}   float64 (N, ...)          what was drawn for each image, if it was drawn: position, background

The centre of the upper left pixel is (0, 0): x is a column and y a row, so a mask's centre of mass and a key point are
in the same units. The file's attribute `values` is a JSON object that lists every attribute's values by their names. A
further level of classes, such as the family of a species, is an attribute. The mask of a part that an image lacks is
empty; what nobody has annotated has no data set at all.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from heterodox.errors import UserError
from heterodox.storage.images import ImageFile
from heterodox.storage.rows import Rows, State, fill

UNKNOWN = -1


class AnnotatedFile(ImageFile):
    """A readable set of annotated images; attributes and key points are read whole, images and masks stream.

    `values` holds each attribute's list of values, `parts` the names of the masks, `points` those of the key points.
    """

    what = "file of annotated images"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self.values = self._attribute_values()
            self.parts = self._names("masks")
            self.points = self._names("key_points")
            self._masks = {part: self._mask_rows(part) for part in self.parts}
        except BaseException:
            self._file.close()
            raise

    def attribute(self, name: str) -> np.ndarray:
        """Return the values of an attribute as places in `values[name]`, int64 (N,), -1 where unknown.

        UserError where nobody has annotated it, or a place is beyond the list.
        """
        if name not in self.values:
            known = ", ".join(self.values) or "none"
            raise UserError(f"{self.path}: there is no attribute {name}; it has {known}")
        places = self._vector(f"attributes/{name}")
        if len(places) != len(self) or ((places < UNKNOWN) | (places >= len(self.values[name]))).any():
            raise UserError(
                f"{self.path}: 'attributes/{name}' must hold {len(self)} places in a list of "
                f"{len(self.values[name])} values, or -1; make the file again"
            )
        return places

    def masks(self, part: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return the masks of a part of the images start..stop, bool (n, H, W). UserError for an unknown part."""
        width = self.image_shape[1]
        return np.unpackbits(self._values(self._mask(part), start, stop), axis=2, count=width).astype(bool)

    def masks_at(self, part: str, rows: Iterable[int]) -> np.ndarray:
        """Return the masks of a part of the images at these rows, in this order, bool (n, H, W)."""
        return np.concatenate([self.masks(part, row, row + 1) for row in rows])

    def key_points(self, part: str) -> np.ndarray:
        """Return the key points of a part as (x, y) in pixels, float64 (N, 2), NaN where there is none.

        UserError where nobody has marked this part.
        """
        if part not in self.points:
            raise UserError(
                f"{self.path}: there are no key points of {part}; it has {', '.join(self.points) or 'none'}"
            )
        points = self._values(self._rows(f"key_points/{part}", axes=2))
        if points.shape[1] != 2 or points.dtype.kind != "f":
            raise UserError(
                f"{self.path}: 'key_points/{part}' must be floats (N, 2), not {points.dtype} {points.shape}"
            )
        return points.astype(np.float64)

    def _attribute_values(self) -> dict[str, list[str]]:
        try:
            values = json.loads(self._file.attrs.get("values", "{}"))
            sound = all(isinstance(name, str) for names in values.values() for name in names)
        except (AttributeError, TypeError, ValueError):
            sound = False
        if not sound:
            raise UserError(f"{self.path}: its attribute 'values' is no JSON object of lists; delete it and run again")
        return values

    def _names(self, group: str) -> list[str]:
        found = self._file.get(group)
        return sorted(found) if isinstance(found, h5py.Group) else []

    def _mask_rows(self, part: str) -> h5py.Dataset:
        rows = self._rows(f"masks/{part}", axes=3)
        height, width, _ = self.image_shape
        if rows.shape[1:] != (height, packed_width(width)) or rows.dtype != np.uint8:
            raise UserError(
                f"{self.path}: the masks of {part} are {rows.dtype} {rows.shape[1:]}, which are not the bits of the "
                f"images' {height} x {width} pixels; make the file again"
            )
        return rows

    def _mask(self, part: str) -> h5py.Dataset:
        if part not in self._masks:
            raise UserError(f"{self.path}: there are no masks of {part}; it has {', '.join(self.parts) or 'none'}")
        return self._masks[part]


class AnnotationWriter:
    """Fills a set of annotated images batch by batch; made by `write_annotated`."""

    def __init__(self, path: Path, rows: Rows) -> None:
        self._path, self._rows = path, rows

    @property
    def filled(self) -> int:
        """Return how many images are there, those of an earlier attempt included."""
        return self._rows.filled

    def append(
        self,
        images: np.ndarray,
        masks: Mapping[str, np.ndarray],
        key_points: Mapping[str, np.ndarray],
        parameters: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Store the next images, uint8 (n, H, W, C), with masks (n, H, W) and key points (n, 2) of every part.

        UserError for masks of another size than the images.
        """
        for part, mask in masks.items():
            if mask.shape != images.shape[:3]:
                raise UserError(
                    f"{self._path}: a mask of {part} has {' x '.join(map(str, mask.shape[1:]))} pixels, its image "
                    f"{' x '.join(map(str, images.shape[1:3]))}; annotate the image at its own size"
                )
        self._rows.append(
            {"images": images}
            | {f"masks/{part}": np.packbits(np.asarray(mask, bool), axis=2) for part, mask in masks.items()}
            | {f"key_points/{part}": np.asarray(points, np.float64) for part, points in key_points.items()}
            | {f"parameters/{name}": np.asarray(drawn, np.float64) for name, drawn in (parameters or {}).items()}
        )


@contextmanager
def write_annotated(
    path: Path,
    image_shape: tuple[int, int, int],
    labels: np.ndarray,
    index: np.ndarray,
    classes: Sequence[str],
    values: Mapping[str, Sequence[str]],
    attributes: Mapping[str, np.ndarray],
    notes: Mapping[str, Any] | None = None,
    state: State | None = None,
) -> Iterator[AnnotationWriter]:
    """Open a new set of annotated images for writing; the file appears at `path` when every image was appended.

    `attributes` gives each image's place in the list of the attribute's `values`, (N,) with -1 for unknown. `notes`
    become attributes of the file. With a state, a later attempt goes on where a killed one was.
    """
    if values.keys() != attributes.keys():
        raise ValueError(f"{path}: attributes {list(attributes)} but lists of values for {list(values)}")
    whole = {"labels": np.asarray(labels, np.int64), "index": np.asarray(index, np.int64)}
    whole |= {f"attributes/{name}": np.asarray(places, np.int64) for name, places in attributes.items()}
    described = {
        "classes": json.dumps(list(classes)),
        "values": json.dumps({name: list(names) for name, names in values.items()}),
        **(notes or {}),
    }
    with fill(path, whole, {"images": np.empty((0, *image_shape), np.uint8)}, described, state) as rows:
        yield AnnotationWriter(path, rows)


def packed_width(width: int) -> int:
    """Return how many bytes hold one row of a mask of this width in pixels."""
    return -(-width // 8)
