"""How far apart a network keeps its classes: introspectability (Carmichael et al. 2021, Eqs 1-4).

All activations of an image, layer behind layer, are one long vector; a class is the mean vector of its images. These
are never needed whole: cosine distances follow from the inner products of the means, which are sums over layers.
"""

from collections.abc import Sequence

import numpy as np

from heterodox.errors import UserError


def gram(layers: Sequence[np.ndarray], copies: Sequence[int] | None = None) -> np.ndarray:
    """Return the inner products (C, C) float64 of class means that are given layer by layer, each (C, units).

    `copies` says how often each layer stands in the concatenation, once if left out.
    """
    counts = copies if copies is not None else [1] * len(layers)
    values = (np.asarray(layer, np.float64) for layer in layers)
    products = [count * (layer @ layer.T) for layer, count in zip(values, counts, strict=True)]
    return np.sum(products, axis=0)


def cosine_distances(products: np.ndarray) -> np.ndarray:
    """Return 1 - cosine, 0..2, of every pair of vectors (C, C) from their inner products (C, C).

    A zero vector has the distance 1 to every other and 0 to another zero vector. NaN stays NaN.
    """
    norms = np.sqrt(np.diagonal(products))
    lengths = np.outer(norms, norms)
    cosines = np.divide(products, lengths, out=np.zeros_like(lengths), where=lengths != 0)
    cosines[np.outer(norms == 0, norms == 0)] = 1.0
    distances = np.clip(1.0 - cosines, 0.0, 2.0)
    np.fill_diagonal(distances, np.where(np.isnan(norms), np.nan, 0.0))
    return distances


def introspectability(distances: np.ndarray, similarities: np.ndarray | None = None, normalised: bool = True) -> float:
    """Return the mean cosine distance between class means over all pairs of classes, higher = further apart (Eq. 1).

    distances: (C, C), symmetric, NaN for a class without images, whose pairs are left out. similarities: S(c, k),
    (C, C), by which each pair's distance is multiplied (Eqs 3 and 4); `normalised` divides by the mean S of the pairs,
    which brings the value back into the range of Eq. 1. NaN where fewer than two classes have images.
    """
    rows, columns = np.triu_indices(len(distances), 1)
    pairs = np.asarray(distances, np.float64)[rows, columns]
    known = ~np.isnan(pairs)
    if not known.any():
        return float("nan")
    if similarities is None:
        return float(pairs[known].mean())
    if similarities.shape != distances.shape:
        raise UserError(
            f"similarities of {len(similarities)} classes, but the network has {len(distances)}; correct the synset map"
        )
    weights = similarities[rows, columns][known]
    return float((pairs[known] * weights).mean() / (weights.mean() if normalised else 1.0))
