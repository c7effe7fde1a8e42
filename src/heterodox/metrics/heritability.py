"""Do offspring resemble their parents more than chance has it? Against parents dealt out anew (Figure 3 in numbers)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from heterodox.metrics.trends import trend

NAN = float("nan")
Parents = Sequence[Sequence[int]]  # of each individual the numbers of its parents, none for the first generation


class Heritability(NamedTuple):
    """Pearson's r of offspring and the mean of their parents, what chance gives (mean, 2.5 and 97.5 %), one-sided p."""

    correlation: float
    chance: float
    chance_low: float
    chance_high: float
    p_value: float
    offspring: int


def _with_parents(parents: Parents) -> np.ndarray:
    return np.array([row for row, own in enumerate(parents) if len(own)], int)


def parental_means(values: np.ndarray, parents: Parents) -> np.ndarray:
    """Return of each individual the mean value (n,) of its parents; NaN for one without."""
    return np.array([values[list(own)].mean() if len(own) else np.nan for own in parents])


def heritability(
    values: np.ndarray, parents: Parents, generations: np.ndarray, permutations: int, generator: np.random.Generator
) -> Heritability:
    """Return how values (n,) of offspring follow the mean of their parents, beside parents exchanged by chance.

    Parents are exchanged only among the offspring of one generation, so that what a whole generation gains over the
    last is no resemblance. p is the share of (1 + permutations) arrangements with at least the correlation found.
    All NaN where there are fewer than three offspring or a constant.
    """
    offspring = _with_parents(parents)
    offspring = offspring[np.isfinite(values[offspring])]
    means = parental_means(values, parents)[offspring]
    offspring, means = offspring[np.isfinite(means)], means[np.isfinite(means)]
    found = trend(means, values[offspring]).pearson if len(offspring) > 2 else float("nan")
    if not np.isfinite(found):
        return Heritability(NAN, NAN, NAN, NAN, NAN, len(offspring))
    groups = [np.flatnonzero(generations[offspring] == number) for number in np.unique(generations[offspring])]
    drawn = np.empty(permutations)
    for turn in range(permutations):
        order = np.arange(len(offspring))
        for rows in groups:
            order[rows] = generator.permutation(rows)
        drawn[turn] = trend(means[order], values[offspring]).pearson
    low, high = np.percentile(drawn, [2.5, 97.5])
    p = (1 + int((drawn >= found - 1e-12).sum())) / (1 + permutations)
    return Heritability(found, float(drawn.mean()), float(low), float(high), p, len(offspring))


def ancestors(individual: int, parents: Parents) -> list[int]:
    """Return the numbers of all ancestors of an individual, rising, without itself."""
    found: set[int] = set()
    waiting = list(parents[individual])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents[one])
    return sorted(found)
