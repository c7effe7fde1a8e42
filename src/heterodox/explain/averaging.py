"""Members' maps made one (Eq. 1 of the explanation paper): each scaled, then averaged pixel by pixel. NumPy only.

Maps are (..., M, H, W), M members before the pixels; an average is (..., H, W). Scaling comes first, so that a member
with large gradients does not speak for all others.
"""

from collections.abc import Iterator

import numpy as np

from heterodox.metrics.diversity import normalised_maps
from heterodox.metrics.localisation import scaled

NORMALISATIONS, AVERAGES = ("minmax", "l2", "none"), ("mean", "median", "rank")


def normalised(maps: np.ndarray, rule: str = "minmax", signed: bool = False) -> np.ndarray:
    """Return each map (..., H, W) scaled by itself, float64.

    `minmax` brings it to [0, 1], or to [-1, 1] with its zero kept where it is `signed`; a constant map becomes zeros.
    `l2` divides by the root of the sum of squares, `none` changes nothing.
    """
    if rule == "minmax":
        return scaled(maps, signed)
    if rule not in NORMALISATIONS:
        raise ValueError(f"no normalisation {rule}; known are {', '.join(NORMALISATIONS)}")
    return normalised_maps(maps[..., None, :, :], rule)[..., 0, :, :]


def averaged(
    maps: np.ndarray, average: str = "mean", rule: str = "minmax", signed: bool = False, rescale: bool = True
) -> np.ndarray:
    """Return the members' maps (..., M, H, W) as one (..., H, W), float64, higher = more relevant.

    `mean` and `median` are over scaled maps; `rank` is the mean of each pixel's rank within its map, as a share of all
    pixels, which no scaling changes. `rescale` scales the average again, for a threshold that is a share of its range.
    """
    middle = np.median if average == "median" else np.mean
    result = middle(comparable(maps, average, rule, signed), axis=-3)
    return scaled(result, signed and average != "rank") if rescale else result


def comparable(maps: np.ndarray, average: str = "mean", rule: str = "minmax", signed: bool = False) -> np.ndarray:
    """Return members' maps (..., M, H, W) as this average takes them: scaled, or as ranks."""
    if average not in AVERAGES:
        raise ValueError(f"no average {average}; known are {', '.join(AVERAGES)}")
    if average == "rank":
        return normalised_maps(maps[..., None, :, :], "rank")[..., 0, :, :]
    return normalised(maps, rule, signed)


def growing(
    maps: np.ndarray, average: str = "mean", signed: bool = False, rescale: bool = True
) -> Iterator[np.ndarray]:
    """Yield the average (..., H, W) of the first 1, 2, ... M members, as `averaged` gives it, of `comparable` maps."""
    total = np.zeros(maps.shape[:-3] + maps.shape[-2:])
    for size in range(1, maps.shape[-3] + 1):
        total += maps[..., size - 1, :, :]
        result = np.median(maps[..., :size, :, :], axis=-3) if average == "median" else total / size
        yield scaled(result, signed and average != "rank") if rescale else result
