from math import comb

import numpy as np
import pytest

from heterodox.ensembles.subsets import check_pool, ensemble_names, subsets
from heterodox.errors import UserError


@pytest.mark.parametrize(("m", "k"), [(14, 3), (11, 3), (5, 2), (4, 4), (6, 5)])
def test_every_subset_once_and_its_pairs(m, k):
    found = subsets(m, k)
    assert len({tuple(places) for places in found.ensembles.tolist()}) == len(found.ensembles) == comb(m, k)
    assert (np.diff(found.ensembles, axis=1) > 0).all()
    assert found.k == k
    for places, inside in zip(found.ensembles.tolist(), found.ensemble_pairs, strict=True):
        expected = {(a, b) for a in places for b in places if a < b}
        assert {tuple(pair) for pair in found.pairs[inside].tolist()} == expected
        assert len(inside) == len(expected)


def test_names_follow_the_pool():
    assert ensemble_names(["swin", "vit", "resnet"], subsets(3, 2).ensembles) == [
        "swin+vit",
        "swin+resnet",
        "vit+resnet",
    ]


@pytest.mark.parametrize(
    ("members", "k", "said"),
    [
        (["a", "b"], 3, "2 members cannot form"),
        (["a", "b", "a"], 2, "a stands in it more than once"),
        (["a"], 1, "k is 1"),
    ],
)
def test_impossible_pools_are_refused(members, k, said):
    with pytest.raises(UserError, match=said):
        check_pool(members, k)
