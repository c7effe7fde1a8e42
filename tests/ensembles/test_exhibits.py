"""Which images figures show of members, against plain loops over all of them."""

import numpy as np
import pytest

from heterodox.ensembles.exhibits import answers, choose_images, read_maps, views_apart
from heterodox.errors import UserError
from heterodox.storage.dumps import open_dumps


def logits_of(classes: np.ndarray, count: int = 5) -> np.ndarray:
    return np.eye(count, dtype=np.float32)[classes]


def test_images_are_the_first_right_ones_of_classes_spread_evenly() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    right, wrong = labels.copy(), np.full_like(labels, 9)
    right[[0, 4, 5]] = 9  # of class 0 the second is right, of class 2 none
    assert choose_images(labels, np.stack([wrong, right]), 3).tolist() == [1, 4, 8]
    assert choose_images(labels, np.stack([wrong, right]), 8).tolist() == [1, 2, 4, 6, 8]


def test_views_apart_are_right_twice_and_least_alike(write_pool) -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 5, 60)
    tops = np.where(generator.random((2, 60)) < 0.6, labels, (labels + 1) % 5)
    maps = generator.random((2, 60, 2, 4, 4)) ** 4
    paths = write_pool(np.stack([logits_of(top) for top in tops]), labels, maps)
    with open_dumps(paths) as dumps:
        rows, cosines = views_apart(*dumps, "saliency", 5)
        few, _ = views_apart(*dumps, "saliency", 2)
        np.testing.assert_array_equal(answers(dumps[1], rows=7), tops[1])
        raw = maps[0, rows] / maps[0, rows].max(axis=(1, 2, 3), keepdims=True)
        np.testing.assert_allclose(read_maps(dumps[0], "saliency", rows), raw.sum(axis=1), atol=2e-3)
    for label, row, cosine in zip(range(5), rows, cosines, strict=True):
        found = {}
        for image in range(60):
            if labels[image] == tops[0, image] == tops[1, image] == label:
                first, second = maps[0, image].ravel(), maps[1, image].ravel()
                found[image] = first @ second / np.sqrt((first @ first) * (second @ second))
        assert row == min(found, key=found.get)
        assert cosine == pytest.approx(found[row], abs=2e-3)
    assert few.tolist() == [rows[0], rows[4]]


def test_views_without_maps_or_without_agreement_are_refused(write_pool) -> None:
    labels, maps = np.array([0, 1, 2]), np.ones((2, 3, 1, 2, 2))
    with (
        open_dumps(write_pool(np.stack([logits_of(labels)] * 2), labels, maps, without_maps=(1,))) as dumps,
        pytest.raises(UserError, match=r"member_0.* and .*member_1.*: both must hold 'saliency' maps"),
    ):
        views_apart(*dumps, "saliency")
    logits = np.stack([logits_of(labels), logits_of((labels + 1) % 3)])
    with (
        open_dumps(write_pool(logits, labels, maps, folder="other")) as dumps,
        pytest.raises(UserError, match="no image is right for both"),
    ):
        views_apart(*dumps, "saliency")
