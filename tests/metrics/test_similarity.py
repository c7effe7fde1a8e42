"""CKA against the formulas written out, on features that are kept whole."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from heterodox.errors import UserError
from heterodox.metrics.similarity import MinibatchCKA, centred


def layers(count: int, n: int = 12, seed: int = 0) -> list[np.ndarray]:
    """Return features (n, p) of several layers that share something, p different for each."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(n, 3))
    return [common @ generator.normal(size=(3, 4 + p)) + generator.normal(size=(n, 4 + p)) for p in range(count)]


def grams(features: list[np.ndarray]) -> np.ndarray:
    return np.stack([x @ x.T for x in features])


def biased_by_definition(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """tr(K H L H) / (n - 1)^2 with H = I - 1 1'/n (Kornblith et al. 2019, Eq. 3)."""
    n = len(k)
    h = np.eye(n) - np.ones((n, n)) / n
    return np.trace(k @ h @ l @ h) / (n - 1) ** 2


def unbiased_by_definition(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """Song et al. (2012), Eq. 5, with loops for the sums."""
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    trace = sum(k[i, j] * l[j, i] for i in range(n) for j in range(n))
    sums = sum(k[i, j] for i in range(n) for j in range(n)) * sum(l[i, j] for i in range(n) for j in range(n))
    chain = sum(k[i, j] * l[j, m] for i in range(n) for j in range(n) for m in range(n))
    return (trace + sums / ((n - 1) * (n - 2)) - 2 * chain / (n - 2)) / (n * (n - 3))


DEFINITIONS = {True: unbiased_by_definition, False: biased_by_definition}


def of_batches(batches, unbiased: bool = True) -> np.ndarray:
    similarity = MinibatchCKA(unbiased)
    for first, second in batches:
        similarity.update(grams(first), grams(second))
    return similarity.value()


@pytest.mark.parametrize("unbiased", [True, False])
def test_hsic_is_an_inner_product_of_centred_matrices(unbiased: bool) -> None:
    first, second = (grams(layers(1, seed=seed))[0] for seed in (1, 2))
    factor = 12 * 9 if unbiased else 11**2
    found = (centred(first, unbiased) * centred(second, unbiased)).sum() / factor
    assert found == pytest.approx(DEFINITIONS[unbiased](first, second), rel=1e-10)
    np.testing.assert_allclose(centred(first, unbiased).sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("unbiased", [True, False])
def test_numerators_and_denominators_are_averaged_before_they_are_divided(unbiased: bool) -> None:
    batches = [(layers(3, seed=s), [x * (s + 1) for x in layers(2, seed=s)]) for s in range(4)]
    define = DEFINITIONS[unbiased]

    def mean(i, j, side_i, side_j):
        return np.mean([define(batch[side_i][i] @ batch[side_i][i].T, batch[side_j][j] @ batch[side_j][j].T)
                        for batch in batches])  # fmt: skip

    expected = [[mean(i, j, 0, 1) / np.sqrt(mean(i, i, 0, 0) * mean(j, j, 1, 1)) for j in range(2)] for i in range(3)]
    found = of_batches(batches, unbiased)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    single = np.mean([of_batches([batch], unbiased) for batch in batches], axis=0)
    assert np.abs(found - single).max() > 1e-3  # the mean of the batches' own CKA is another number


def test_independent_features_are_alike_only_to_the_biased_estimate() -> None:
    def independent(seed):
        return np.random.default_rng(seed).normal(size=(64, 10_000))

    batches = [([independent(2 * s)], [independent(2 * s + 1)]) for s in range(4)]
    assert of_batches(batches, unbiased=False).item() == pytest.approx(0.994, abs=0.001)
    assert of_batches(batches).item() == pytest.approx(0, abs=0.05)


def test_rotation_scale_and_shift_of_features_change_nothing() -> None:
    (x,), (y,) = layers(1, seed=1), layers(1, seed=5)
    turned = 1e-3 * (x @ ortho_group.rvs(x.shape[1], random_state=0) + 7)
    for unbiased in (True, False):
        assert of_batches([([x], [turned])], unbiased).item() == pytest.approx(1)
        expected = of_batches([([x], [y])], unbiased)
        np.testing.assert_allclose(of_batches([([turned], [y])], unbiased), expected, rtol=1e-8)
    sheared = x * np.linspace(0.1, 5, x.shape[1])
    assert of_batches([([x], [sheared])]).item() < 0.99


def test_constant_layers_give_zero_and_never_nan() -> None:
    (x,), constant, zero = layers(1), np.full((12, 5), 3.7), np.zeros((12, 5))
    orthogonal = np.eye(12)  # no image is like another: nothing is left without the diagonal
    found = of_batches([([x, constant, zero, orthogonal], [constant, x])] * 2)
    np.testing.assert_array_equal(found[:, 0], 0)
    np.testing.assert_array_equal(found[:, 1], [pytest.approx(1), 0, 0, 0])


def test_a_layer_that_is_constant_in_one_batch_alone_still_counts() -> None:
    x, y = layers(2)
    found = of_batches([([x], [y]), ([x], [np.ones_like(y)])]).item()
    assert found == pytest.approx(of_batches([([x], [y])]).item() / np.sqrt(2))


def test_small_negative_values_are_kept() -> None:
    values = [
        of_batches([([generator.normal(size=(8, 500))], [generator.normal(size=(8, 500))])]).item()
        for generator in map(np.random.default_rng, range(20))
    ]
    assert min(values) < -0.05
    assert abs(np.mean(values)) < 0.15


def test_extreme_scales_stay_finite() -> None:
    x, y = layers(2)
    expected = of_batches([([x], [y])])
    np.testing.assert_allclose(of_batches([([x * 1e36], [y * 1e-36])]), expected, rtol=1e-8)


def test_batches_that_are_too_small_or_unequal_are_refused() -> None:
    with pytest.raises(UserError, match=r"batch_size: .* 3 images is not defined; use 4 or more"):
        of_batches([(layers(1, n=3), layers(1, n=3))])
    with pytest.raises(ValueError, match="equal: 6 images after 12"):
        of_batches([(layers(1), layers(1)), (layers(1, n=6), layers(1, n=6))])
    with pytest.raises(ValueError, match="no batch"):
        MinibatchCKA().value()
