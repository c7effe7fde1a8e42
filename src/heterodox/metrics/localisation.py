"""How well a heat map marks a region or a point that a person marked: section 3.2 of the explanation paper, and others.

Maps are float (..., H, W) with any leading axes, higher = more relevant; masks are bool of a shape that broadcasts to
theirs. Points are (..., 2) as (x, y) in pixels: x counts columns to the right, y rows downwards, and (0, 0) is the
middle of the first pixel. What cannot be told is NaN and never counted as 0: an empty mask, a constant map.
"""

from typing import NamedTuple

import numpy as np

from heterodox.errors import UserError

THRESHOLD, CORRELATION_SIDE = 0.3, 14


class Centres(NamedTuple):
    """Centres of mass (..., 2) as (x, y), and where the map had no mass at all (...), its centre then the image's."""

    points: np.ndarray
    massless: np.ndarray


def check_mask(mask: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    """Raise UserError unless a mask has the size (H, W) of the maps."""
    if mask.shape[-2:] != tuple(shape[-2:]):
        sizes = [f"{height} x {width}" for height, width in (mask.shape[-2:], shape[-2:])]
        raise UserError(f"{name}: the mask has {sizes[0]} pixels, the map {sizes[1]}; resize one of them")


def scaled(maps: np.ndarray, signed: bool = False) -> np.ndarray:
    """Return each map scaled to [0, 1] by its smallest and largest value, float64; a constant map becomes zeros.

    `signed` maps keep their zero: they are divided by their largest absolute value and lie in [-1, 1].
    """
    maps = np.asarray(maps, np.float64)
    largest = maps.max(axis=(-2, -1), keepdims=True)
    smallest = maps.min(axis=(-2, -1), keepdims=True)
    if signed:
        size = np.maximum(largest, -smallest)
        return maps / np.where(size > 0, size, 1)
    spread = largest - smallest
    return (maps - smallest) / np.where(spread > 0, spread, 1)


def is_constant(maps: np.ndarray) -> np.ndarray:
    """Say of each map (...) whether all its values are the same."""
    return maps.max(axis=(-2, -1)) == maps.min(axis=(-2, -1))


def intersection_and_union(
    maps: np.ndarray, masks: np.ndarray, threshold: float = THRESHOLD
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many pixels (...) the region {map > threshold} shares with the mask, and how many both cover.

    The threshold is for maps that are scaled already: nothing is scaled here. NaN for both where the mask is empty.
    """
    regions = maps > threshold
    counted = np.where(masks.any(axis=(-2, -1)), 1.0, np.nan)
    return counted * (regions & masks).sum(axis=(-2, -1)), counted * (regions | masks).sum(axis=(-2, -1))


def intersection_over_union(maps: np.ndarray, masks: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """Return the IoU (...) of {map > threshold} and the mask, in [0, 1], higher = better; NaN for an empty mask."""
    intersection, union = intersection_and_union(maps, masks, threshold)
    return intersection / union


def area_averaged(maps: np.ndarray, side: int = CORRELATION_SIDE) -> np.ndarray:
    """Return maps (..., side, side): each value the mean over its part of the old area, shares of pixels counted."""
    rows, columns = (_area_weights(length, side) for length in maps.shape[-2:])
    return rows @ np.asarray(maps, np.float64) @ columns.T


def _area_weights(old: int, new: int) -> np.ndarray:
    """Return (new, old): the share of each of `new` equal intervals that each of `old` fills; rows sum to 1."""
    last, end = np.arange(1, old + 1) * new, np.arange(1, new + 1) * old  # whole numbers, so that shares are exact
    covered = np.minimum(last, end[:, None]) - np.maximum(last - new, end[:, None] - old)
    return covered.clip(min=0) / old


def correlation(maps: np.ndarray, masks: np.ndarray, side: int = CORRELATION_SIDE) -> np.ndarray:
    """Return Pearson's correlation (...) of map and mask at side x side (Eq. 2), in [-1, 1], higher = better.

    Both are averaged by area first. NaN where one of them is constant then.
    """
    first, second = (
        values - values.mean(axis=(-2, -1), keepdims=True)
        for values in (area_averaged(maps, side), area_averaged(masks, side))
    )
    product = (first * second).sum(axis=(-2, -1))
    sizes = np.sqrt((first**2).sum(axis=(-2, -1)) * (second**2).sum(axis=(-2, -1)))
    # What averaging leaves of a constant is rounding, far below the values themselves.
    scale = np.abs(maps).max(axis=(-2, -1)) * side
    return np.divide(product, sizes, out=np.full(product.shape, np.nan), where=sizes > 1e-12 * scale)


def centres_of_mass(maps: np.ndarray) -> Centres:
    """Return the centre of mass (Eq. 3) of the positive part of each map; the image's centre where there is none."""
    weights = np.maximum(np.asarray(maps, np.float64), 0)
    total = weights.sum(axis=(-2, -1))
    massless = total == 0
    safe = np.where(massless, 1, total)
    # Sums, not a matrix product, whose last digit depends on how many maps there are.
    x = (weights.sum(axis=-2) * np.arange(maps.shape[-1])).sum(axis=-1) / safe
    y = (weights.sum(axis=-1) * np.arange(maps.shape[-2])).sum(axis=-1) / safe
    points = np.stack([x, y], axis=-1)
    return Centres(np.where(massless[..., None], image_centre(maps.shape), points), massless)


def image_centre(shape: tuple[int, ...]) -> np.ndarray:
    """Return the middle (x, y) of an image of (..., H, W) pixels."""
    return np.array([shape[-1] - 1, shape[-2] - 1]) / 2


def mask_centroids(masks: np.ndarray) -> np.ndarray:
    """Return the middle (..., 2) of each mask as (x, y); NaN for an empty one."""
    centres = centres_of_mass(masks)
    return np.where(centres.massless[..., None], np.nan, centres.points)


def distances(points: np.ndarray, targets: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the distance (...) of points from targets as a share of the image's diagonal, >= 0, lower = better."""
    return np.linalg.norm(points - targets, axis=-1) / np.hypot(shape[-2], shape[-1])


def distances_in_sides(points: np.ndarray, targets: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the distance (...) with x in widths and y in heights of the image, >= 0, lower = better."""
    return np.linalg.norm((points - targets) / np.array([shape[-1], shape[-2]]), axis=-1)


def pointing_game(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return 1 where a largest value of the map lies in the mask, else 0 (Zhang et al. 2018; Quantus: PointingGame).

    One of several equal largest values is enough. NaN for an empty mask or a constant map.
    """
    peaks = maps == maps.max(axis=(-2, -1), keepdims=True)
    hits = (peaks & masks).any(axis=(-2, -1)).astype(float)
    return np.where(masks.any(axis=(-2, -1)) & ~is_constant(maps), hits, np.nan)


def relevance_mass(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the share (...) of the map's positive part that lies in the mask, in [0, 1], higher = better.

    Arras et al. 2022; Quantus: RelevanceMassAccuracy of non-negative maps. NaN for an empty mask or without any mass.
    """
    weights = np.maximum(np.asarray(maps, np.float64), 0)
    total = weights.sum(axis=(-2, -1))
    within = (weights * masks).sum(axis=(-2, -1))
    counted = masks.any(axis=(-2, -1)) & (total > 0)
    return np.divide(within, total, out=np.full(within.shape, np.nan), where=counted)


def centre_map(shape: tuple[int, int]) -> np.ndarray:
    """Return a baseline (H, W) that knows nothing of the image: a bell around its centre, a sixth of each side wide.

    Its centre of mass is the image's centre.
    """
    x, y = image_centre(shape)
    rows = np.exp(-((np.arange(shape[0]) - y) ** 2) / (2 * (shape[0] / 6) ** 2))
    columns = np.exp(-((np.arange(shape[1]) - x) ** 2) / (2 * (shape[1] / 6) ** 2))
    return np.outer(rows, columns)
