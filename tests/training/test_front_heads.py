"""The heads that a pruning study compares."""

from pathlib import Path

import numpy as np
import pytest

from heterodox.searches.pruning import search_features
from heterodox.storage.features import read_features
from heterodox.training.front_heads import HeadStudy, baseline_rows, front_heads, outputs_of, unpruned_heads
from heterodox.training.populations import train_heads
from heterodox.training.recipe import HeadRecipe
from tests.searches.pruning_study import DETECTION, FEATURES, HEAD, write_feature_files

HIDDEN = HEAD["hidden"]


@pytest.fixture(scope="module", params=["features", "units", "both"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HeadStudy:
    files: dict[str, Path] = write_feature_files(tmp_path_factory.mktemp("features"))
    features = search_features(files["train"], files["validation"], files["ood_validation"])
    tests = (read_features(files[name], features.train) for name in ("test", "ood_test"))
    return HeadStudy(features, *tests, HeadRecipe.from_config(HEAD), 1, request.param, **DETECTION)


def masks_of(study: HeadStudy) -> np.ndarray:
    masks = np.random.default_rng(3).random((4, study.genes)) < 0.5
    masks[:, [0, -1]] = True
    return masks


def test_each_head_of_the_front_is_trained_in_its_own_run(study: HeadStudy) -> None:
    masks = masks_of(study)
    found = front_heads(study, masks, [2, 1, 2, 1])
    for mask, run, head in zip(masks, [2, 1, 2, 1], found, strict=True):
        parts = study.features.train, study.features.validation
        (alone,) = train_heads(*parts, mask[None], study.recipe, 1, run, study.scope)
        np.testing.assert_allclose(head.head.logits(study.test.values), alone.head.logits(study.test.values), atol=1e-4)


def test_baselines_have_the_densities_of_the_front(study: HeadStudy) -> None:
    masks, runs = masks_of(study), [1, 2, 2, 1]
    rows = baseline_rows(study, masks, runs, unpruned_heads(study, 2))
    shares = masks.mean(axis=1)
    for kind in ("magnitude", "random"):
        own = sorted((row for row in rows if row["kind"] == kind), key=lambda row: row["place"])
        assert [row["place"] for row in own] == [0, 1, 2, 3]
        assert [row["run"] for row in own] == runs
        # With both kinds of genes each kind keeps the share, as near as whole genes allow.
        np.testing.assert_allclose([row["active_share"] for row in own], shares, atol=1.01 / HIDDEN)
    unpruned = [row for row in rows if row["kind"] == "unpruned"]
    assert [(row["run"], row["active_share"], row["place"]) for row in unpruned] == [(1, 1.0, -1), (2, 1.0, -1)]
    assert unpruned[0]["parameters"] == FEATURES * HIDDEN + HIDDEN + 3 * HIDDEN + 3


def test_rows_and_logits_tell_the_same_of_test_images(study: HeadStudy) -> None:
    masks = masks_of(study)[:2]
    heads = front_heads(study, masks, [1, 1])
    found = outputs_of(study, heads, unpruned_heads(study, 1))
    for place, head in enumerate(heads):
        row = study.row("front", 1, masks[place], head)
        right = found["known"][place].argmax(1) == found["labels"]
        assert row["test_accuracy"] == pytest.approx(right.mean())
        scores = [
            (one.astype(float).max(1) - one.astype(float).mean(1))
            for one in (found["known"][place], found["unknown"][place])
        ]
        wins = (scores[0][:, None] > scores[1][None]).mean() + 0.5 * (scores[0][:, None] == scores[1][None]).mean()
        assert row["test_auroc"] == pytest.approx(wins, abs=3e-3)  # T = 1000 is almost the limit
