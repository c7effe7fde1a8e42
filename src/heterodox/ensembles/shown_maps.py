"""A few cases of a file of maps, for figures: images, what is marked on them, members' maps and their average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heterodox.ensembles.localisation import Scoring, Truth, check_same_images, parts_of, truth_of
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile


@dataclass(frozen=True)
class ShownMaps:
    """Cases to show: uint8 images (n, H, W, C), the truth, scaled members' maps (n, M, H, W), their average (n, H, W).

    `others` are ensembles explained as one network, by name, each (n, H, W).
    """

    images: np.ndarray
    truth: Truth
    members: np.ndarray
    average: np.ndarray
    others: dict[str, np.ndarray]


def chosen_cases(labels: np.ndarray, rows: np.ndarray, marked: np.ndarray, count: int) -> np.ndarray:
    """Return `count` cases in rising order: the first ones of different labels and images with a mask, then any."""
    chosen: list[int] = []
    seen: set[int] = set()
    for only_new in (True, False):
        for case in np.flatnonzero(marked):
            new_image = rows[case] not in rows[chosen]
            if len(chosen) < count and new_image and (not only_new or int(labels[case]) not in seen):
                chosen.append(int(case))
                seen.add(int(labels[case]))
    return np.array(sorted(chosen), int)


def shown_maps(
    maps: MapFile, images: AnnotatedFile, task: Mapping[str, Any], outputs: Sequence[str], how: Scoring, count: int
) -> ShownMaps:
    """Return the cases to show; fewer than `count` where the file has fewer with a mask."""
    check_same_images(maps, images)
    parts = parts_of(task, outputs, maps.labels)
    centroids = bool(task["evaluated_on"])
    looked_at = min(len(maps), 40 * count)
    marked = truth_of(images, parts[:looked_at], maps.rows[:looked_at], centroids).masks.any(axis=(1, 2))
    cases = chosen_cases(maps.labels[:looked_at], maps.rows[:looked_at], np.asarray(marked), count)
    members = np.concatenate([maps.maps(case, case + 1) for case in cases])
    others = {
        kind: how.one(np.concatenate([maps.maps(case, case + 1, kind) for case in cases]))
        for kind in maps.kinds
        if kind not in ("member", "draws")
    }
    scaled = np.stack([how.one(members[:, [place]], "mean") for place in range(members.shape[1])], axis=1)
    truth = truth_of(images, [parts[case] for case in cases], maps.rows[cases], centroids)
    return ShownMaps(images.at(maps.rows[cases]), truth, scaled, how.one(members), others)
