"""Pareto fronts of points (n, objectives), every objective higher = better."""

import numpy as np


def nondominated(points: np.ndarray) -> np.ndarray:
    """Return which points (n,) lie on the Pareto front: no other is at least as good in all and better in one.

    Equal points stand on it together. A point with a value that is not finite never does.
    """
    points = np.asarray(points, np.float64)
    finite = np.isfinite(points).all(axis=1)
    found = finite.copy()
    for place in np.flatnonzero(finite):
        others = points[finite]
        better = (others >= points[place]).all(axis=1) & (others > points[place]).any(axis=1)
        found[place] = not better.any()
    return found


def front_numbers(points: np.ndarray) -> np.ndarray:
    """Return the number (n,) of each point's front: 0 for the Pareto front, 1 for that of the rest, and so on.

    Points with values that are not finite come last, one number behind all others.
    """
    points = np.asarray(points, np.float64)
    numbers = np.full(len(points), -1)
    left, number = np.flatnonzero(np.isfinite(points).all(axis=1)), 0
    while len(left):
        front = nondominated(points[left])
        numbers[left[front]] = number
        left, number = left[~front], number + 1
    return np.where(numbers < 0, number, numbers)
