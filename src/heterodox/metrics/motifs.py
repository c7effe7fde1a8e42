"""Motifs of cells: parts of an encoding that several cells share, how often, and where along a front they stand.

A motif fixes the operations of 1 to 5 of a cell's edges and leaves the others open (WILD). Encodings are whole numbers
(n, edges), one row per cell. Carmichael, Moon & Jacobs, Appendices E to G.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from heterodox.metrics.hypervolume import on_front
from heterodox.metrics.trends import trend

WILD = -1  # an open edge of a motif
Pattern = tuple[int, ...]


class Motif(NamedTuple):
    """A pattern with WILD at its open edges, its fixed edges, and how many cells have it; share = support / cells."""

    pattern: Pattern
    size: int
    support: int
    share: float


class Salience(NamedTuple):
    """How a motif, or the count of an operation, goes with the place along a front.

    `pattern` is None for an operation's count, whose `size` is 1 and whose `support` are the cells that have the
    operation. `correlation` is Spearman's, signed: positive stands for accurate cells, negative for introspectable
    ones. `salient` says that nothing else has at least as much of |correlation|, support and size and more of one.
    """

    pattern: Pattern | None
    operation: int
    size: int
    support: int
    correlation: float
    salient: bool


def motifs_of(encoding: Sequence[int], largest: int) -> Iterator[Pattern]:
    """Yield every motif of one cell with 1 to `largest` fixed edges: of six edges and largest 5 there are 62."""
    for size in range(1, largest + 1):
        for edges in combinations(range(len(encoding)), size):
            yield tuple(int(value) if edge in edges else WILD for edge, value in enumerate(encoding))


def has_motif(encodings: np.ndarray, pattern: Pattern) -> np.ndarray:
    """Return which cells (n,) have the motif: every fixed edge carries its operation."""
    fixed = np.array(pattern) != WILD
    return (encodings[:, fixed] == np.array(pattern)[fixed]).all(axis=1)


def counted_motifs(encodings: np.ndarray, largest: int = 5) -> list[Motif]:
    """Return every motif of any of the cells (n, edges), by size, then the most frequent first, then by pattern."""
    counts: dict[Pattern, int] = {}
    for encoding in encodings:
        for pattern in motifs_of(encoding, largest):
            counts[pattern] = counts.get(pattern, 0) + 1
    found = [
        Motif(pattern, sum(value != WILD for value in pattern), count, count / len(encodings))
        for pattern, count in counts.items()
    ]
    return sorted(found, key=lambda motif: (motif.size, -motif.support, _reading_order(motif.pattern)))


def _reading_order(pattern: Pattern) -> Pattern:
    return tuple(len(pattern) if value == WILD else value for value in pattern)  # open edges last


def most_frequent(motifs: Sequence[Motif], ties: int = 5) -> list[Motif]:
    """Return the most frequent motifs of each size, of equally frequent ones at most `ties` (Tables F1 to F3)."""
    kept = []
    for size in sorted({motif.size for motif in motifs}):
        group = [motif for motif in motifs if motif.size == size]
        most = max(motif.support for motif in group)
        kept += [motif for motif in group if motif.support == most][:ties]
    return kept


def operation_counts(encodings: np.ndarray, operations: int) -> np.ndarray:
    """Return how often each cell has each operation, (n, operations)."""
    return np.stack([(encodings == operation).sum(axis=1) for operation in range(operations)], axis=1)


def operation_shares(encodings: np.ndarray, operations: int) -> np.ndarray:
    """Return the share of each operation among all edges of all cells, (operations,), sum 1 (Tables E1 to E3)."""
    return operation_counts(encodings, operations).sum(axis=0) / encodings.size


def places_along_front(accuracy: np.ndarray, introspectability: np.ndarray) -> np.ndarray:
    """Return the place (n,) of each cell, 1 to n, when sorted by rising accuracy, then falling introspectability."""
    places = np.empty(len(accuracy), int)
    places[np.lexsort((-introspectability, accuracy))] = np.arange(1, len(accuracy) + 1)
    return places


def motif_correlations(
    encodings: np.ndarray,
    accuracy: np.ndarray,
    introspectability: np.ndarray,
    operations: int = 5,
    largest: int = 5,
    least_support: int = 3,
    least_correlation: float = 0.2,
) -> list[Salience]:
    """Return motifs and operations that favour one end of a front (Appendix G), the strongest first.

    The places of the cells along the front are correlated (Spearman) with whether a cell has the motif, and with how
    often it has an operation. Left out is what fewer than `least_support` cells have, what correlates less than
    `least_correlation`, and what all cells have alike, which has no correlation.
    """
    places = places_along_front(accuracy, introspectability).astype(float)
    found: list[Salience] = []
    for pattern, size, support, _ in counted_motifs(encodings, largest):
        if support >= least_support:
            value = trend(places, has_motif(encodings, pattern).astype(float)).spearman
            found.append(Salience(pattern, WILD, size, support, value, False))
    for operation, counts in enumerate(operation_counts(encodings, operations).T):
        support = int((counts > 0).sum())
        if support >= least_support:
            value = trend(places, counts.astype(float)).spearman
            found.append(Salience(None, operation, 1, support, value, False))
    found = [each for each in found if abs(each.correlation) >= least_correlation]
    if not found:
        return []
    scored = np.array([(abs(each.correlation), each.support, each.size) for each in found])
    marked = [each._replace(salient=bool(mark)) for each, mark in zip(found, on_front(-scored), strict=True)]
    return sorted(marked, key=lambda each: (-abs(each.correlation), each.size, _reading_order(each.pattern or ())))
