import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from heterodox.explain import averaging

# Two members of two pixels each: the second one's numbers are a thousand times larger.
MAPS = np.array([[[0.0, 1, 2]], [[1000.0, 3000, 2000]]])


def test_the_mean_of_scaled_maps_by_hand():
    plain = averaging.averaged(MAPS, rescale=False)
    np.testing.assert_allclose(plain, [[0, 0.75, 0.75]])  # (0, .5, 1) and (0, 1, .5)
    np.testing.assert_allclose(averaging.averaged(MAPS), [[0, 1, 1]])


def test_the_median_by_hand():
    maps = np.array([[[0.0, 1, 2]], [[0, 1, 4]], [[0, 8, 8]]])
    np.testing.assert_allclose(averaging.averaged(maps, "median", rescale=False), [[0, 0.5, 1]])


def test_the_rank_average_is_the_mean_of_scipys_ranks():
    maps = np.random.default_rng(0).integers(0, 6, (4, 3, 5, 7)).astype(float)
    expected = np.stack([[rankdata(member) / 35 for member in image] for image in maps.reshape(4, 3, -1)]).mean(1)
    np.testing.assert_allclose(averaging.averaged(maps, "rank", rescale=False), expected.reshape(4, 5, 7))


def test_scalings_by_hand():
    maps = np.array([[[3.0, -4.0]]])
    np.testing.assert_allclose(averaging.normalised(maps, "l2"), maps / 5)
    np.testing.assert_allclose(averaging.normalised(maps, "none"), maps)
    np.testing.assert_allclose(averaging.normalised(maps, "minmax", signed=True), maps / 4)


def test_signed_maps_keep_their_zero_when_averaged():
    maps = np.array([[[2.0, -1, 0]], [[0.0, -4, 0]]])
    np.testing.assert_allclose(averaging.averaged(maps, signed=True), [[2 / 3, -1, 0]])  # .5, -.75, 0 before


@given(st.integers(0, 10**6), st.sampled_from(averaging.AVERAGES))
def test_members_scales_and_order_do_not_matter(seed, average):
    generator = np.random.default_rng(seed)
    maps = generator.gamma(1, size=(4, 5, 6))
    other = (maps * generator.uniform(0.1, 100, (4, 1, 1)) + generator.uniform(0, 9, (4, 1, 1)))[::-1]
    np.testing.assert_allclose(averaging.averaged(maps, average), averaging.averaged(other, average), atol=1e-9)


def test_a_constant_member_says_nothing():
    maps = np.stack([np.full((2, 2), 7.0), np.array([[0.0, 1], [0, 0]])])
    np.testing.assert_allclose(averaging.averaged(maps, rescale=False), [[0, 0.5], [0, 0]])
    assert not averaging.averaged(np.ones((3, 2, 2))).any()


@pytest.mark.parametrize("average", ["mean", "median"])
def test_one_member_is_its_own_average(average):
    maps = np.random.default_rng(1).gamma(1, size=(2, 1, 4, 4))
    np.testing.assert_allclose(averaging.averaged(maps, average), averaging.normalised(maps[:, 0]))


@pytest.mark.parametrize("average", averaging.AVERAGES)
@pytest.mark.parametrize("rescale", [True, False])
def test_growing_averages_are_those_of_the_first_members(average, rescale):
    maps = np.random.default_rng(2).gamma(1, size=(3, 4, 5, 6))
    found = list(averaging.growing(averaging.comparable(maps, average), average, rescale=rescale))
    assert len(found) == 4
    for size, result in enumerate(found, 1):
        np.testing.assert_allclose(result, averaging.averaged(maps[:, :size], average, rescale=rescale), atol=1e-12)


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="no average mode; known are mean, median, rank"):
        averaging.averaged(MAPS, "mode")
    with pytest.raises(ValueError, match="no normalisation max; known are minmax, l2, none"):
        averaging.normalised(MAPS, "max")
