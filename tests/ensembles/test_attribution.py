"""Pair distances from Gram matrices against the variance over explicit maps."""

from itertools import combinations

import h5py
import numpy as np
import pytest

from heterodox.ensembles import attribution
from heterodox.ensembles.attribution import pair_distances
from heterodox.ensembles.pool import Pool
from heterodox.ensembles.scoring import score
from heterodox.ensembles.subsets import subsets
from heterodox.errors import UserError
from heterodox.metrics.diversity import NORMALISATIONS
from heterodox.storage.dumps import open_dumps

SHAPE = (3, 7, 5)


@pytest.fixture
def maps():
    """Raw maps (m, n, C, H, W) of very different size, one of them zero; values that float16 holds exactly."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, 65, (5, 11, *SHAPE)).astype(np.float32)
    drawn[..., 0, 0, 0] = 64
    drawn[2, 4] = 0
    return drawn / 64 * 10.0 ** generator.integers(-6, 3, (5, 11, 1, 1, 1))


def scored(paths, **settings):
    with open_dumps(paths) as dumps:
        return score(dumps, Pool([f"m{a}" for a in range(len(dumps))], consensus=["mean_logit"], **settings))


def literal_diversity(maps, normalise):
    """Equation 7, image by image and member by member."""
    values = []
    for image in range(maps.shape[1]):
        scaled = []
        for own in maps[:, image].astype(np.float64).reshape(len(maps), -1):
            if own.any() and normalise == "l2":
                own = own / np.sqrt((own**2).sum())
            elif own.any() and normalise == "sum":
                own = own / own.sum()
            elif own.any() and normalise == "rank":
                below = (own[None] < own[:, None]).sum(axis=1)
                equal = (own[None] == own[:, None]).sum(axis=1)
                own = (below + (equal + 1) / 2) / len(own)
            scaled.append(own)
        centre = sum(scaled) / len(scaled)
        values.append(sum(((own - centre) ** 2).sum() for own in scaled) / len(scaled))
    return np.mean(values)


@pytest.mark.parametrize("normalise", NORMALISATIONS)
@pytest.mark.parametrize("k", [2, 3, 4])
def test_diversity_is_the_variance_over_explicit_maps(write_pool, maps, normalise, k):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps)
    table, pairs = scored(paths, normalise=normalise, k=k)
    for column, form in (("attribution_diversity", normalise), ("attribution_diversity_none", "none")):
        expected = [literal_diversity(maps[list(places)], form) for places in combinations(range(5), k)]
        np.testing.assert_allclose(table[column], expected, rtol=1e-5)
    # For two members the variance is a quarter of the squared distance.
    expected = [4 * literal_diversity(maps[list(places)], normalise) for places in combinations(range(5), 2)]
    np.testing.assert_allclose(pairs["attribution_distance"], expected, rtol=1e-5)


def test_maps_that_need_many_blocks(write_pool, monkeypatch, maps):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps)
    whole = scored(paths)[0]
    monkeypatch.setattr(attribution, "BLOCK", 8)
    np.testing.assert_allclose(scored(paths)[0]["attribution_diversity"], whole["attribution_diversity"], rtol=1e-6)


def test_nearly_equal_maps_keep_their_distance(write_pool):
    generator = np.random.default_rng(0)
    first = np.round(generator.uniform(0.2, 1, (40_000,)) * 1024) / 1024
    second = first - (np.arange(40_000) % 100 == 0) / 32
    first[0] = second[0] = 1
    maps = np.stack([first, second]).reshape(2, 1, 1, 200, 200)
    paths = write_pool(np.zeros((2, 1, 2)), np.zeros(1, int), maps)
    found = scored(paths, k=2)[0]["attribution_diversity"][0]
    expected = literal_diversity(maps, "l2")
    assert expected < 1e-5
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("rows", [1, 4, 100])
@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_and_threads_change_nothing(write_pool, maps, rows, threads):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps)
    pairs = subsets(5, 2).pairs
    with open_dumps(paths) as dumps:
        parts = list(pair_distances(dumps, pairs, "saliency", NORMALISATIONS, threads, rows))
        ((_, whole),) = pair_distances(dumps, pairs, "saliency", NORMALISATIONS, 1)
    assert [start for start, _ in parts] == list(range(0, 11, rows))
    assert np.array_equal(np.concatenate([values for _, values in parts], axis=1), whole)


def test_a_member_without_maps_leaves_its_ensembles_without_a_value(write_pool, maps):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps, without_maps=[3])
    table, pairs = scored(paths)
    for column in ("attribution_diversity", "attribution_diversity_none"):
        holds = table["ensemble"].str.contains("m3")
        assert (table[column].isna() == holds).all()
    expected = [literal_diversity(maps[list(places)], "l2") for places in combinations((0, 1, 2, 4), 3)]
    np.testing.assert_allclose(table["attribution_diversity"].dropna(), expected, rtol=1e-5)
    assert pairs["attribution_distance"].notna().sum() == 6


@pytest.mark.parametrize("settings", [{"method": None}, {"method": "lime"}])
def test_no_maps_at_all(write_pool, maps, settings):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps)
    assert scored(paths, **settings)[0]["attribution_diversity"].isna().all()


def test_maps_of_another_shape_are_refused(write_pool, maps):
    paths = write_pool(np.zeros((3, 11, 2)), np.zeros(11, int), maps[:3])
    other = write_pool(np.zeros((1, 11, 2)), np.zeros(11, int), maps[:1, ..., :-1], folder="other")
    with pytest.raises(UserError, match=r"other/member_0.*maps of shape \(3, 7, 4\), but .* has \(3, 7, 5\)"):
        scored([*paths[:2], other[0]])


@pytest.mark.parametrize("name", ["saliency/saliency", "saliency_scale/saliency"])
def test_a_broken_map_is_named(write_pool, maps, name):
    paths = write_pool(np.zeros((5, 11, 2)), np.zeros(11, int), maps)
    with h5py.File(paths[1], "r+") as file:
        file[name][7] = np.nan
    with pytest.raises(UserError, match=rf"member_1.*'{name}' holds NaN"):
        scored(paths)
