from itertools import product

import numpy as np
import pytest
from scipy.stats import spearmanr

from heterodox.metrics.motifs import (
    WILD,
    Motif,
    counted_motifs,
    has_motif,
    most_frequent,
    motif_correlations,
    motifs_of,
    operation_counts,
    operation_shares,
    places_along_front,
)

FRONT = np.array(
    [
        [0, 2, 0, 1, 3, 0],
        [0, 2, 0, 4, 3, 0],
        [0, 1, 0, 4, 3, 0],
        [2, 2, 3, 3, 2, 2],
        [0, 2, 2, 2, 2, 3],
    ]
)
ACCURACY = np.array([0.9, 0.88, 0.87, 0.5, 0.6])
INTROSPECTABILITY = np.array([0.1, 0.12, 0.2, 0.6, 0.5])


def test_a_cell_of_six_edges_has_62_motifs():
    motifs = list(motifs_of([0, 1, 2, 3, 4, 0], 5))
    assert len(motifs) == len(set(motifs)) == 6 + 15 + 20 + 15 + 6
    assert (0, WILD, WILD, WILD, 4, WILD) in motifs
    assert (WILD, 1, 2, WILD, WILD, 4) not in motifs


def test_counts_are_those_of_trying_every_possible_pattern():
    """All 6^6 patterns of five operations and the wild card, each matched edge by edge."""
    expected = {}
    for pattern in product(range(-1, 5), repeat=6):
        size = sum(value != WILD for value in pattern)
        if not 1 <= size <= 5:
            continue
        support = sum(all(want in (WILD, have) for want, have in zip(pattern, cell, strict=True)) for cell in FRONT)
        if support:
            expected[pattern] = Motif(pattern, size, support, support / 5)
    found = counted_motifs(FRONT)
    assert {motif.pattern: motif for motif in found} == expected
    assert [motif.size for motif in found] == sorted(motif.size for motif in found)


def test_the_most_frequent_motif_of_each_size_with_ties_up_to_five():
    top = most_frequent(counted_motifs(FRONT))
    by_size = {size: [motif.pattern for motif in top if motif.size == size] for size in range(1, 6)}
    # By hand: four cells begin with conv3x3, four have avgpool second; three share [0 * 0 * 3 0].
    assert by_size[1] == [(0,) + (WILD,) * 5, (WILD, 2) + (WILD,) * 4]
    assert by_size[4] == [(0, WILD, 0, WILD, 3, 0)]
    assert all(motif.share == 0.8 for motif in top if motif.size == 1)
    assert len(by_size[5]) == 2  # [0 * 0 4 3 0] and [0 2 0 * 3 0]
    many = counted_motifs(np.arange(6)[:, None] + np.zeros((1, 6), int))
    assert [sum(motif.size == size for motif in most_frequent(many)) for size in range(1, 6)] == [5] * 5


def test_operations_by_hand():
    assert operation_counts(FRONT, 5)[0].tolist() == [3, 1, 1, 1, 0]
    shares = operation_shares(FRONT, 5)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == pytest.approx(10 / 30)


def test_places_rise_with_accuracy_and_break_ties_by_falling_introspectability():
    places = places_along_front(np.array([0.5, 0.5, 0.4]), np.array([0.1, 0.2, 0.9]))
    assert places.tolist() == [3, 2, 1]


def test_correlations_are_scipys_with_support_and_threshold():
    found = motif_correlations(FRONT, ACCURACY, INTROSPECTABILITY, least_support=3, least_correlation=0.2)
    places = np.array([5, 4, 3, 1, 2])
    assert all(each.support >= 3 and abs(each.correlation) >= 0.2 for each in found)
    motif = next(each for each in found if each.pattern == (0, WILD, 0, WILD, 3, 0))
    assert motif.support == has_motif(FRONT, motif.pattern).sum() == 3
    assert motif.correlation == pytest.approx(spearmanr(places, [1, 1, 1, 0, 0])[0])
    assert motif.salient  # nothing correlates more, no larger one has its support
    pooling = next(each for each in found if each.pattern is None and each.operation == 2)
    assert pooling.correlation == pytest.approx(spearmanr(places, (FRONT == 2).sum(1))[0])
    assert pooling.support == 4
    part = next(each for each in found if each.pattern == (WILD,) * 5 + (0,))
    assert not part.salient  # as much correlation and support, but smaller


def test_what_all_cells_have_alike_is_left_out():
    alike = np.zeros((4, 6), int)
    assert motif_correlations(alike, np.arange(4.0), -np.arange(4.0)) == []
