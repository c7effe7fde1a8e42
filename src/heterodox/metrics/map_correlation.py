"""Whether two maps of an image are bright at the same places."""

import numpy as np


def map_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation over places, (n,) in [-1, 1] of maps (n, h, w); NaN where a map is constant."""
    flat = [np.asarray(maps, np.float64).reshape(len(maps), -1) for maps in (first, second)]
    centred = [values - values.mean(axis=1, keepdims=True) for values in flat]
    sizes = [np.sqrt((values**2).sum(axis=1)) for values in centred]
    constant = [size <= 1e-12 * np.abs(values).max(axis=1, initial=0) for size, values in zip(sizes, flat, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (centred[0] * centred[1]).sum(axis=1) / (sizes[0] * sizes[1])
    return np.where(constant[0] | constant[1], np.nan, np.clip(found, -1, 1))
