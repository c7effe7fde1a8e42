import numpy as np
import pytest

from heterodox.training.populations import train_heads
from heterodox.training.pruning_baselines import magnitude_masks, random_masks, whole_mask
from heterodox.training.recipe import HeadRecipe
from tests.training.toy_features import FEATURES, toy_search_features

DATA = toy_search_features()
RECIPE = HeadRecipe(hidden=12, learning_rate=0.1, batch_size=16, epochs=15, patience=5)
SHARES = [0.05, 0.3, 0.5, 1.0]


@pytest.fixture(scope="module")
def unpruned():
    return train_heads(DATA.train, DATA.validation, whole_mask("features", FEATURES, 12), RECIPE, seed=1)[0].head


def test_the_whole_mask_cuts_nothing():
    assert {scope: whole_mask(scope, 5, 3).sum() for scope in ("features", "units", "both")} == {
        "features": 5,
        "units": 3,
        "both": 8,
    }


def test_random_masks_keep_the_share_and_every_gene_equally_often():
    masks = random_masks(FEATURES, SHARES, seed=1)
    assert masks.sum(axis=1).tolist() == [1, 6, 10, 20]
    many = random_masks(10, [0.3] * 2000, seed=2)
    assert (many.sum(axis=1) == 3).all()
    np.testing.assert_allclose(many.mean(axis=0), 0.3, atol=0.05)  # five standard errors
    assert (random_masks(10, [0.3] * 5, seed=2) == many[:5]).all()
    assert (random_masks(10, [0.3] * 5, seed=2, run=2) != many[:5]).any()
    assert random_masks(10, [0.0], seed=1).sum() == 1


def test_magnitude_keeps_the_features_that_carry_the_classes(unpruned):
    (mask,) = magnitude_masks(unpruned, [0.3])
    assert set(np.flatnonzero(mask)) == {0, 1, 2, 3, 4, 5}  # all else is noise, see the toy


@pytest.mark.parametrize("scope", ["features", "units", "both"])
def test_magnitude_masks_are_the_largest_norms(unpruned, scope):
    hidden, output = unpruned.hidden_weight.numpy(), unpruned.output_weight.numpy()
    features = [np.sqrt(sum(w**2 for w in hidden[:, p])) for p in range(FEATURES)]
    units = [np.sqrt((hidden[h] ** 2).sum()) * np.sqrt((output[:, h] ** 2).sum()) for h in range(12)]
    kinds = {"features": [features], "units": [units], "both": [features, units]}[scope]
    for share, mask in zip(SHARES, magnitude_masks(unpruned, SHARES, scope), strict=True):
        start = 0
        for norms in kinds:
            own = mask[start : start + len(norms)]
            count = max(1, round(share * len(norms)))
            assert set(np.flatnonzero(own)) == set(sorted(range(len(norms)), key=lambda i: -norms[i])[:count])
            start += len(norms)
        assert start == len(mask)


def test_magnitudes_of_a_pruned_head_are_refused():
    mask = np.ones((1, FEATURES), bool)
    mask[0, 3] = False
    pruned = train_heads(DATA.train, DATA.validation, mask, RECIPE, seed=1)[0].head
    with pytest.raises(ValueError, match="train the mask that cuts nothing"):
        magnitude_masks(pruned, [0.5])
