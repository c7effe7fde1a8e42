"""Pictures of class means: heat maps by block, and the plane of largest variance (Figures 5 and 6)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


def layer_heat(means: np.ndarray) -> np.ndarray:
    """Return one value per class (classes,): a layer's class means (classes, units), z-scored over the layer, averaged.

    Mean 0 over the classes; a class far from 0 excites the layer more or less than the others do. All 0 where the
    layer is constant.
    """
    deviation = float(means.std())
    return (means.mean(axis=1) - means.mean()) / deviation if deviation > 0 else np.zeros(len(means))


def block_heat(layers: Sequence[np.ndarray], blocks: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the blocks in order of appearance and their heat (classes, blocks).

    layers: class means (classes, units) of each layer; blocks: the block of each. A block's activations are averaged
    over all its units, so that a layer counts by its size.
    """
    names = list(dict.fromkeys(blocks))
    heat = []
    for name in names:
        own = [layer for layer, block in zip(layers, blocks, strict=True) if block == name]
        sizes = np.array([layer.shape[1] for layer in own])
        heat.append(np.average([layer_heat(layer) for layer in own], axis=0, weights=sizes))
    return names, np.stack(heat, axis=1)


class Plane(NamedTuple):
    """Coordinates (n, 2) in the plane of largest variance, and the share of the variance on each axis (2,)."""

    coordinates: np.ndarray
    explained: np.ndarray


def principal_plane(gram: np.ndarray) -> Plane:
    """Return the first two principal components of n vectors from their inner products (n, n).

    The vectors may be far longer than memory holds. The sign of an axis is free: the coordinate of largest size is
    made positive.
    """
    gram = np.asarray(gram, np.float64)
    centred = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
    values, vectors = np.linalg.eigh((centred + centred.T) / 2)
    values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
    coordinates = vectors[:, :2] * np.sqrt(values[:2])
    signs = np.sign(coordinates[np.abs(coordinates).argmax(axis=0), [0, 1]])
    total = values.sum()
    return Plane(coordinates * np.where(signs == 0, 1, signs), values[:2] / total if total > 0 else np.zeros(2))
