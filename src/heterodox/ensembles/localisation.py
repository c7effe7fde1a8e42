"""Maps against what people marked: every member's, the averages', the controls' and the baselines', case by case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from heterodox.ensembles.chunks import rows_per_chunk
from heterodox.errors import UserError
from heterodox.explain.averaging import averaged, comparable, growing
from heterodox.metrics import localisation
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MEMBER, MapFile
from heterodox.streams import stream

DRAWS, CENTRE, RANDOM = "draws", "centre", "random"
RESCALED, NOT_RESCALED = "rescaled", "not_rescaled"
METRICS = (
    "iou",
    "intersection",
    "union",
    "correlation",
    "distance",
    "side_distance",
    "pointing_game",
    "relevance_mass",
)
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Scoring:
    """How maps are averaged and scored; the fields are keys of the configuration."""

    seed: int = 1
    normalise: str = "minmax"
    average: str = "mean"
    compared: Sequence[str] = ()
    rescale_average: bool = True
    signed: bool = False
    threshold: float = localisation.THRESHOLD
    correlation_side: int = localisation.CORRELATION_SIDE

    def one(self, maps: np.ndarray, average: str | None = None, rescale: bool | None = None) -> np.ndarray:
        """Return members' maps (n, M, H, W) as one (n, H, W)."""
        rescaled = self.rescale_average if rescale is None else rescale
        return averaged(maps, average or self.average, self.normalise, self.signed, rescaled)


@dataclass(frozen=True)
class Truth:
    """What people marked on the cases: bool masks (n, H, W) and points (n, 2) as (x, y), NaN where there are none."""

    parts: list[str]
    masks: np.ndarray
    points: np.ndarray


def parts_of(task: Mapping[str, Any], outputs: Sequence[str], labels: np.ndarray) -> list[str]:
    """Return the part that each case's map should mark: the task's, or that of the case's own output."""
    return [outputs[label] for label in labels] if task["presence"] else [task["part"]] * len(labels)


def truth_of(images: AnnotatedFile, parts: Sequence[str], rows: np.ndarray, centroids: bool) -> Truth:
    """Return what is marked on these rows of the annotated images, each row with its own part.

    The point is the key point or, where `centroids` is set or the part has none, the middle of the mask. A part that
    nobody outlined has empty masks. UserError where a part has neither.
    """
    masks = np.zeros((len(rows), *images.image_shape[:2]), bool)
    points = np.full((len(rows), 2), np.nan)
    for part in dict.fromkeys(parts):
        if part not in {*images.parts, *images.points}:
            known = ", ".join(sorted({*images.parts, *images.points})) or "none"
            raise UserError(f"{images.path}: the part {part} has neither masks nor key points; it has {known}")
        own = np.flatnonzero([name == part for name in parts])
        if part in images.parts:
            masks[own] = images.masks_at(part, rows[own])
        use_centroids = centroids or part not in images.points
        points[own] = localisation.mask_centroids(masks[own]) if use_centroids else images.key_points(part)[rows[own]]
    return Truth(list(parts), masks, points)


def check_same_images(maps: MapFile, images: AnnotatedFile) -> None:
    """Raise UserError unless the maps are of these images and of their size."""
    localisation.check_mask(np.empty(images.image_shape[:2]), maps.shape, str(maps.path))
    if maps.rows.max(initial=0) >= len(images) or not np.array_equal(images.index[maps.rows], maps.index):
        raise UserError(f"{maps.path}: its images are not those of {images.path}; explain the members again")


def score(
    file: MapFile, images: AnnotatedFile, task: Mapping[str, Any], outputs: Sequence[str], how: Scoring
) -> pd.DataFrame:
    """Return one row per case and map: what it is, the METRICS of `localisation`, its centre of mass and its flags.

    `explained` is `member` with the number in `member`, the name of an average, `not_rescaled` for the average whose
    range is left as it is (`rescaled` where all others are left so), `draws` for the average of one member's maps with
    other draws (of a method that draws nothing: that member's map), the name of an ensemble explained as one network,
    `centre` (a bell in the middle) or `random` (noise). `empty_masks` of the parts asked for are on all images of the
    set, those included that are no case for it.
    """
    check_same_images(file, images)
    if "empty_masks" not in file.attributes:
        raise UserError(f"{file.path}: does not say how many masks are empty; explain the members again")
    parts = parts_of(task, outputs, file.labels)
    tables = []
    for start, stop in _chunks(len(file), file.shape[0] + 8, file.shape):
        rows = file.rows[start:stop]
        truth = truth_of(images, parts[start:stop], rows, bool(task["evaluated_on"]))
        case = {"case": np.arange(start, stop), "index": images.index[rows], "row": rows}
        case |= {"part": truth.parts, "label": file.labels[start:stop]}
        for name, member, maps in _shown(file, start, stop, how):
            said = pd.DataFrame(case).assign(explained=name, member=member)
            tables.append(pd.concat([said, measured(maps, truth, how)], axis=1))
    found = pd.concat(tables, ignore_index=True).astype({"member": "Int64"})
    found["empty_masks"] = file.attributes["empty_masks"]
    return found.sort_values("case", kind="stable", ignore_index=True)


def _chunks(count: int, maps: int, shape: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    size = rows_per_chunk(8 * maps * shape[1] * shape[2] * 2)
    for start in range(0, count, size):
        yield start, min(start + size, count)


def _shown(file: MapFile, start: int, stop: int, how: Scoring) -> Iterator[tuple[str, int | None, np.ndarray]]:
    """Yield name, member and maps (n, H, W) of everything that is scored; all go through the same steps."""
    maps = file.maps(start, stop)
    for member in range(maps.shape[1]):
        yield MEMBER, member, how.one(maps[:, member : member + 1], "mean")
    for average in dict.fromkeys([how.average, *how.compared]):
        yield average, None, how.one(maps, average)
    yield NOT_RESCALED if how.rescale_average else RESCALED, None, how.one(maps, rescale=not how.rescale_average)
    if DRAWS not in file.kinds:
        yield DRAWS, None, how.one(maps[:, :1])
    for kind in file.kinds[1:]:
        yield kind, None, how.one(file.maps(start, stop, kind))
    shape = maps.shape[-2:]
    yield CENTRE, None, np.broadcast_to(localisation.centre_map(shape), (len(maps), *shape))
    noise = [stream(how.seed, "random map", identity).random(shape) for identity in file.index[start:stop].tolist()]
    yield RANDOM, None, localisation.scaled(np.stack(noise))


def measured(maps: np.ndarray, truth: Truth, how: Scoring) -> pd.DataFrame:
    """Return the METRICS of maps (n, H, W), centres of mass `x` and `y`, and the flags `massless` and `constant`."""
    inside, union = localisation.intersection_and_union(maps, truth.masks, how.threshold)
    centres = localisation.centres_of_mass(maps)
    shape = maps.shape[-2:]
    return pd.DataFrame(
        {
            "iou": inside / union,
            "intersection": inside,
            "union": union,
            "correlation": localisation.correlation(maps, truth.masks, how.correlation_side),
            "distance": localisation.distances(centres.points, truth.points, shape),
            "side_distance": localisation.distances_in_sides(centres.points, truth.points, shape),
            "pointing_game": localisation.pointing_game(maps, truth.masks),
            "relevance_mass": localisation.relevance_mass(maps, truth.masks),
            "x": centres.points[:, 0],
            "y": centres.points[:, 1],
            "massless": centres.massless,
            "constant": localisation.is_constant(maps),
        }
    )


def score_sizes(
    members: MapFile, images: AnnotatedFile, task: Mapping[str, Any], outputs: Sequence[str], how: Scoring, subsets: int
) -> pd.DataFrame:
    """Return the mean IoU of averages of 1..M members (Figure 5), one row per size.

    `iou` is the mean over random orders of the members, of which the first `size` are averaged; `low` and `high` hold
    95 % of the orders. `single` is the mean IoU of the same members alone, with its interval. Cases without a mask are
    left out.
    """
    check_same_images(members, images)
    count = members.explained.count(MEMBER)
    orders = [stream(how.seed, "size curve", place).permutation(count) for place in range(subsets)]
    parts, total, cases = parts_of(task, outputs, members.labels), np.zeros((2, subsets, count)), 0
    for start, stop in _chunks(len(members), 4 * count, members.shape):
        truth = truth_of(images, parts[start:stop], members.rows[start:stop], bool(task["evaluated_on"]))
        counted = truth.masks.any(axis=(1, 2))
        maps, masks = members.maps(start, stop)[counted], truth.masks[counted]
        alone = np.stack([_iou(how.one(maps[:, [place]], "mean"), masks, how) for place in range(count)]).sum(axis=1)
        ready = comparable(maps, how.average, how.normalise, how.signed)
        for number, order in enumerate(orders):
            sizes = growing(ready[:, order], how.average, how.signed, how.rescale_average)
            total[0, number] += [_iou(average, masks, how).sum() for average in sizes]
            total[1, number] += np.cumsum(alone[order]) / np.arange(1, count + 1)
        cases += int(counted.sum())
    if not cases:
        raise UserError(f"{members.path}: no image has a mask; the size curve cannot be drawn")
    return _curve(total / cases, cases)


def _iou(maps: np.ndarray, masks: np.ndarray, how: Scoring) -> np.ndarray:
    return localisation.intersection_over_union(maps, masks, how.threshold)


def _curve(values: np.ndarray, cases: int) -> pd.DataFrame:
    """Return the table of a curve from values (ensemble or single, order, size)."""
    table = pd.DataFrame({"size": np.arange(1, values.shape[2] + 1)})
    for name, found in zip(("iou", "single"), values, strict=True):
        low, high = np.percentile(found, PERCENTILES, axis=0)
        table[name], table[f"{name}_low"], table[f"{name}_high"] = found.mean(axis=0), low, high
    return table.assign(cases=cases, subsets=values.shape[1])
