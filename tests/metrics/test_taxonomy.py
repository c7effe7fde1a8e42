import itertools

import networkx
import numpy as np
import pytest

from heterodox.metrics.taxonomy import heights, path_similarities, path_similarity

#        0
#      /   \
#     1     2        5 stands alone
#    / \   / \
#   3   4-'   6
KINDS = {0: [], 1: [0], 2: [0], 3: [1], 4: [1, 2], 5: [], 6: [2]}


def test_by_hand():
    assert heights(4, KINDS.__getitem__) == {4: 0, 1: 1, 2: 1, 0: 2}
    assert path_similarity(3, 3, KINDS.__getitem__) == 1
    assert path_similarity(3, 1, KINDS.__getitem__) == 1 / 2  # one step up
    assert path_similarity(3, 4, KINDS.__getitem__) == 1 / 3  # over 1
    assert path_similarity(4, 6, KINDS.__getitem__) == 1 / 3  # over its other kind, 2
    assert path_similarity(3, 6, KINDS.__getitem__) == 1 / 5  # over 0: 3-1-0-2-6
    assert path_similarity(1, 2, KINDS.__getitem__) == 1 / 3  # over 0, not over 4 below them
    assert path_similarity(3, 5, KINDS.__getitem__) == 0


def test_a_random_hierarchy_agrees_with_the_distances_over_every_common_node():
    draw = np.random.default_rng(0)
    above = {node: list({int(other) for other in draw.integers(0, node, draw.integers(1, 4))}) for node in range(1, 60)}
    above[0] = []
    graph = networkx.DiGraph([(node, upper) for node, uppers in above.items() for upper in uppers])
    lengths = {node: networkx.single_source_shortest_path_length(graph, node) for node in graph}
    nodes = list(range(0, 60, 3))
    found = path_similarities(nodes, above.__getitem__)
    for (row, one), (column, other) in itertools.product(enumerate(nodes), repeat=2):
        common = lengths[one].keys() & lengths[other].keys()
        shortest = min(lengths[one][node] + lengths[other][node] for node in common)
        assert found[row, column] == pytest.approx(1 / (shortest + 1))
