import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cosine as scipy_cosine
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from scipy.stats import pearsonr, rankdata

from heterodox.metrics import diversity
from heterodox.metrics.diversity import pair_counts

FIRST = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], bool)
SECOND = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0], bool)
correctness = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[st.lists(st.booleans(), min_size=n, max_size=n)] * 3).map(np.array)
)


def test_pair_measures_by_hand():
    counts = pair_counts(FIRST, SECOND)  # 3 both, 2 only first, 1 only second, 4 neither
    assert [int(count) for count in counts] == [3, 2, 1, 4]
    assert diversity.disagreement(counts) == pytest.approx(0.3)
    assert diversity.q_statistic(counts) == pytest.approx((12 - 2) / (12 + 2))
    assert diversity.rho(counts) == pytest.approx(10 / np.sqrt(5 * 5 * 4 * 6))
    assert diversity.label_disagreement(np.array([1, 2, 3]), np.array([1, 3, 3])) == pytest.approx(1 / 3)


@given(correctness)
def test_rho_is_pearsons_r_and_missing_where_that_is_not_defined(members):
    first, second = members[:2]
    value = diversity.rho(pair_counts(first, second))
    if len(set(first)) == len(set(second)) == 2:
        assert value == pytest.approx(pearsonr(first, second)[0])
    else:
        assert np.isnan(value)


@given(correctness)
def test_pair_measures_do_not_depend_on_the_order_and_keep_their_range(members):
    forth, back = pair_counts(*members[:2]), pair_counts(*members[1::-1])
    for measure, low in ((diversity.disagreement, 0), (diversity.q_statistic, -1), (diversity.rho, -1)):
        np.testing.assert_equal(measure(forth), measure(back))
        assert np.isnan(measure(forth)) or low <= measure(forth) <= 1 + 1e-12
    assert diversity.disagreement(forth) == np.mean(members[0] != members[1])


def test_q_and_rho_without_a_denominator_are_missing():
    counts = pair_counts(np.ones(4, bool), np.array([1, 1, 0, 0], bool))
    assert np.isnan(diversity.q_statistic(counts))
    assert np.isnan(diversity.rho(counts))


def test_entropy_and_coincident_failure_diversity_by_hand():
    # Right: 3, 2, 1 and 0 of three members, one image each.
    histogram = diversity.right_histogram(np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]))
    assert histogram.tolist() == [1, 1, 1, 1]
    assert diversity.entropy(histogram) == pytest.approx((0 + 1 + 1 + 0) / 4)
    # Failures 1, 2, 3 on the three images where someone fails: 2/2, 1/2, 0/2.
    assert diversity.coincident_failure_diversity(histogram) == pytest.approx(1.5 / 3)


@given(correctness)
def test_group_measures_against_their_sums_over_images(members):
    right = members.sum(axis=0)
    histogram = diversity.right_histogram(members)
    assert diversity.entropy(histogram) == pytest.approx(np.mean([min(z, 3 - z) / (3 - 2) for z in right]))
    failing = [(3 - (3 - z)) / 2 for z in right if z < 3]
    expected = np.mean(failing) if failing else 0
    assert diversity.coincident_failure_diversity(histogram) == pytest.approx(expected)


def test_no_images_have_no_group_measure():
    assert np.isnan(diversity.entropy(np.zeros(4, int)))
    assert np.isnan(diversity.coincident_failure_diversity(np.zeros(4, int)))


def test_divergences_agree_with_scipy():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 20, 6)) * 3
    p, q = softmax(first, axis=1), softmax(second, axis=1)
    cosines = [scipy_cosine(a, b) for a, b in zip(p, q, strict=True)]
    divergences = [(scipy_entropy(a, b) + scipy_entropy(b, a)) / 2 for a, b in zip(p, q, strict=True)]
    assert diversity.cosine(first, second) == pytest.approx(np.mean(cosines))
    assert diversity.kl(first, second) == pytest.approx(np.mean(divergences))


def test_divergences_by_hand():
    # Softmax vectors (3/4, 1/4) and (1/4, 3/4).
    first, second = np.log([[3.0, 1.0]]), np.log([[1.0, 3.0]])
    assert diversity.cosine(first, second) == pytest.approx(1 - 6 / 10)
    assert diversity.kl(first, second) == pytest.approx(0.5 * np.log(3))
    assert diversity.kl(first, first + 7) == pytest.approx(0, abs=1e-15)


def test_equitability_of_three_votes_has_three_values():
    votes = np.array([[1, 1, 1], [1, 1, 2], [1, 2, 3]])
    np.testing.assert_allclose(diversity.shannon_equitability(votes), [0, 0.579380, 1], atol=1e-6)


@given(st.integers(2, 7), st.integers(1, 30), st.integers(0, 10**6))
def test_equitability_is_the_entropy_of_the_votes_and_its_mean_follows_from_counts(k, images, seed):
    votes = np.random.default_rng(seed).integers(0, 4, (k, images))
    shares = [np.unique(column, return_counts=True)[1] / k for column in votes.T]
    expected = np.array([scipy_entropy(share) / np.log(k) for share in shares])
    np.testing.assert_allclose(diversity.shannon_equitability(votes), expected, atol=1e-12)
    sizes = [int((column == vote).sum()) for column in votes.T for vote in column]
    groups = np.bincount(sizes, minlength=k + 1)
    assert diversity.mean_equitability(groups, np.array(images)) == pytest.approx(expected.mean(), abs=1e-12)


def test_equitability_over_no_images_is_missing():
    assert np.isnan(diversity.mean_equitability(np.zeros(4, int), np.array(0)))


def test_attribution_diversity_by_hand():
    maps = np.zeros((2, 1, 1, 1, 2))
    maps[0, 0, 0, 0], maps[1, 0, 0, 0] = (3, 4), (0, 2)
    assert diversity.attribution_diversity(maps, "none") == pytest.approx(2.25 + 1)
    assert diversity.attribution_diversity(maps, "l2") == pytest.approx(0.09 + 0.01)  # (0.6, 0.8) and (0, 1)
    assert diversity.attribution_diversity(maps, "sum") == pytest.approx(2 * (3 / 14) ** 2)
    assert diversity.attribution_diversity(maps, "rank") == pytest.approx(0)


@given(st.integers(2, 5), st.integers(0, 10**6))
def test_attribution_diversity_of_unit_maps_knows_no_gradient_size(k, seed):
    generator = np.random.default_rng(seed)
    maps = generator.random((k, 4, 2, 3, 3))
    value = diversity.attribution_diversity(maps)
    assert 0 <= value <= (k - 1) / k
    scaled = maps * generator.uniform(0.1, 10, (k, 4, 1, 1, 1))
    assert diversity.attribution_diversity(scaled) == pytest.approx(value)
    assert diversity.attribution_diversity(scaled, "rank") == pytest.approx(
        diversity.attribution_diversity(maps, "rank")
    )


def test_ranks_agree_with_scipy_and_zero_maps_stay_zero():
    maps = np.random.default_rng(0).integers(0, 5, (3, 1, 2, 4, 4))
    maps[0] = 0
    ranks = diversity.normalised_maps(maps, "rank").reshape(3, -1)
    assert not ranks[0].any()
    for own, values in zip(ranks[1:], maps[1:], strict=True):
        np.testing.assert_allclose(own, rankdata(values.ravel()) / 32)
    for normalise in ("l2", "sum", "none"):
        assert not diversity.normalised_maps(maps, normalise)[0].any()


def test_attribution_diversity_of_no_images_is_missing():
    assert np.isnan(diversity.attribution_diversity(np.zeros((3, 0, 1, 2, 2))))
