"""Non-dominated points and the volume they dominate. All objectives are minimised.

Deb, Pratap, Agarwal, Meyarivan (2002), A fast and elitist multiobjective genetic algorithm: NSGA-II (fronts);
Zitzler and Thiele (1998) (hypervolume).
"""

import numpy as np


def dominates(points: np.ndarray) -> np.ndarray:
    """Return (n, n) booleans: [i, j] says that point i is nowhere worse than j and somewhere better.

    points: (n, objectives). A point with a value that is not finite dominates nothing; each finite one dominates it.
    """
    points = np.asarray(points, float)
    finite = np.isfinite(points).all(axis=1)
    shown = np.where(finite[:, None], points, np.inf)
    no_worse = (shown[:, None, :] <= shown[None, :, :]).all(axis=2)
    better = (shown[:, None, :] < shown[None, :, :]).any(axis=2)
    return no_worse & better & finite[:, None]


def non_dominated_rank(points: np.ndarray) -> np.ndarray:
    """Return (n,) ranks: 0 for the front, 1 for the front of what is left without it, and so on.

    points: (n, objectives). Points with values that are not finite come last, with one rank of their own.
    """
    relation = dominates(points)
    ranks = np.full(len(relation), -1)
    rank = 0
    while (ranks < 0).any():
        left = ranks < 0
        front = left & ~relation[left].any(axis=0)
        ranks[front] = rank
        rank += 1
    return ranks


def on_front(points: np.ndarray) -> np.ndarray:
    """Return (n,) booleans: the finite points that no other point dominates; equal points stand side by side."""
    points = np.asarray(points, float)
    return np.isfinite(points).all(axis=1) & ~dominates(points).any(axis=0)


def hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the exact volume between the points and the reference, 0 where no point lies inside.

    points: (n, 2) or (n, 3), minimised; those with values not finite, and those not better than the reference in every
    objective, are dropped. reference: (2,) or (3,). Higher is better; at most the box from the ideal point to the
    reference. ValueError for other numbers of objectives.
    """
    points = np.asarray(points, float).reshape(-1, len(reference))
    reference = np.asarray(reference, float)
    if points.shape[1] not in (2, 3):
        raise ValueError(f"{points.shape[1]} objectives; 2 or 3 are supported")
    inside = np.isfinite(points).all(axis=1) & (points < reference).all(axis=1)
    points = np.unique(points[inside], axis=0)
    points = points[on_front(points)]
    if not len(points):
        return 0.0
    return _area(points, reference) if points.shape[1] == 2 else _volume(points, reference)


def _area(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the area dominated by points of any kind inside the reference: a staircase, step by step."""
    order = points[np.lexsort((points[:, 1], points[:, 0]))]
    height = np.minimum.accumulate(order[:, 1])
    right = np.append(order[1:, 0], reference[0])
    return float(((right - order[:, 0]) * (reference[1] - height)).sum())


def _volume(points: np.ndarray, reference: np.ndarray) -> float:
    """Return the volume: slices between neighbouring values of the last objective, each of the area of those below."""
    order = points[np.argsort(points[:, 2], kind="stable")]
    top = np.append(order[1:, 2], reference[2])
    slices = [
        (top[index] - order[index, 2]) * _area(order[: index + 1, :2], reference[:2])
        for index in range(len(order))
        if top[index] > order[index, 2]
    ]
    return float(sum(slices))
