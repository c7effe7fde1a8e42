"""How alike two notions are by the length of the way between them in a hierarchy of more general ones."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

Above = Callable[[int], Iterable[int]]


def heights(node: int, above: Above) -> dict[int, int]:
    """Return every node that `node` lies under, itself included, with the least number of steps up to it."""
    found, edge, steps = {node: 0}, [node], 0
    while edge:
        steps += 1
        edge = list(dict.fromkeys(upper for lower in edge for upper in above(lower) if upper not in found))
        found.update(dict.fromkeys(edge, steps))
    return found


def path_similarity(first: int, second: int, above: Above) -> float:
    """Return 1 / (d + 1), d the shortest way that goes up from both to a common node; 1 = the same (Eq. 2).

    `above` gives the nodes directly above one. 0 where there is no common node. Ways down and up again do not count,
    as in NLTK's `path_similarity`.
    """
    return _similarity(heights(first, above), heights(second, above))


def _similarity(first: dict[int, int], second: dict[int, int]) -> float:
    ways = [steps + second[node] for node, steps in first.items() if node in second]
    return 1 / (min(ways) + 1) if ways else 0.0


def path_similarities(nodes: Sequence[int], above: Above) -> np.ndarray:
    """Return the path similarity (C, C) of every pair of nodes, 1 on the diagonal."""
    over = [heights(node, above) for node in nodes]
    return np.array([[_similarity(one, other) for other in over] for one in over])
