"""Every ensemble of k members that a pool holds, in a fixed order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from heterodox.errors import UserError


@dataclass(frozen=True)
class Subsets:
    """The k-subsets of a pool of m members, in lexicographic order of the members' places in the pool.

    `ensembles` (e, k) and `pairs` (p, 2) hold places, each row rising; `pair_of` (m, m) is the row of a pair in
    `pairs`; `ensemble_pairs` (e, k (k - 1) / 2) lists the pairs inside each ensemble.
    """

    ensembles: np.ndarray
    pairs: np.ndarray
    pair_of: np.ndarray
    ensemble_pairs: np.ndarray

    @property
    def k(self) -> int:
        """Return the number of members in an ensemble."""
        return self.ensembles.shape[1]


def subsets(m: int, k: int) -> Subsets:
    """Enumerate the ensembles of k out of m members."""
    ensembles = np.array(list(combinations(range(m), k)), np.int32)
    pairs = np.array(list(combinations(range(m), 2)), np.int32)
    pair_of = np.zeros((m, m), np.int32)
    pair_of[pairs[:, 0], pairs[:, 1]] = pair_of[pairs[:, 1], pairs[:, 0]] = np.arange(len(pairs))
    first, second = np.array(list(combinations(range(k), 2))).T
    return Subsets(ensembles, pairs, pair_of, pair_of[ensembles[:, first], ensembles[:, second]])


def check_pool(members: Sequence[str], k: int) -> None:
    """Refuse a pool from which no ensemble of k different members can be formed."""
    twice = sorted({name for name in members if members.count(name) > 1})
    if twice:
        raise UserError(f"pool: {', '.join(twice)} stands in it more than once; list every member once")
    if k < 2:
        raise UserError(f"pool: k is {k}, but an ensemble has at least 2 members; raise k")
    if len(members) < k:
        raise UserError(f"pool: {len(members)} members cannot form ensembles of {k}; add members or lower k")


def ensemble_names(members: Sequence[str], ensembles: np.ndarray) -> list[str]:
    """Return each ensemble's name: its members joined by +, in the pool's order."""
    return ["+".join(members[place] for place in places) for places in ensembles]
