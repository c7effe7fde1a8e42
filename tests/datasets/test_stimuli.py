"""The images of the user studies: of the species asked for, enough of each, the same birds small and large."""

from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import zoom

from heterodox.datasets import stimuli
from heterodox.datasets.birds import traits
from heterodox.errors import UserError

SOURCE = {"source": "birds", "size": 64}


def test_birds_come_as_often_as_asked_and_the_same_small_and_large() -> None:
    pairs = stimuli.pairs_of(SOURCE, None)
    species = [name for pair in pairs[:2] for name in pair]
    small, large = stimuli.shown_images(SOURCE, "birds", 1, species, 2, 128)
    assert Counter(small.classes[label] for label in small.labels) == dict.fromkeys(species, 2)
    assert small.index.tolist() == large.index.tolist() == sorted(small.index.tolist())
    assert min(small.index) >= 30_000_000  # none of any split
    one, other = small.annotated(np.arange(2)), large.annotated(np.arange(2))
    assert (one.images.shape[1:3], other.images.shape[1:3]) == ((64, 64), (128, 128))
    halved = zoom(other.images.astype(float), (1, 0.5, 0.5, 1), order=1, grid_mode=True, mode="nearest")
    assert np.abs(halved - one.images).mean() < 6  # of 255: the same picture
    np.testing.assert_allclose(other.key_points["eye"], 2 * one.key_points["eye"] + 0.5, atol=1e-9)


def test_look_alikes_differ_in_one_part() -> None:
    for first, second in stimuli.pairs_of(SOURCE, None):
        one, other = (np.unravel_index(traits.species_names().index(name), (3, 6, 2, 2)) for name in (first, second))
        assert sum(a != b for a, b in zip(one, other, strict=True)) == 1


def test_pairs_may_be_given_and_must_be_for_other_images() -> None:
    assert stimuli.pairs_of(SOURCE, [["a", "b"]]) == [("a", "b")]
    with pytest.raises(UserError, match=r"user_study\.pairs: nobody knows which classes of cub look alike"):
        stimuli.pairs_of({"source": "cub"}, None)
    with pytest.raises(UserError, match="there is no species 'dodo'"):
        stimuli.bird_identities(1, "birds", ["dodo"], 1)
