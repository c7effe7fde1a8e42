import numpy as np
import pytest
from scipy.special import expit, softmax
from scipy.stats import ttest_1samp
from sklearn.metrics import roc_auc_score

from heterodox.ensembles.bootstrap import image_weights
from heterodox.storage.annotations import AnnotatedFile
from heterodox.tables.answers import answers_row, truths_of
from tests.explain.annotated import BILL, MARKS, PARTS, make_images


@pytest.mark.parametrize("multi_label", [True, False])
def test_a_row_is_scikit_learns_areas(multi_label):
    generator = np.random.default_rng(0)
    truths = np.eye(3, dtype=bool)[generator.integers(0, 3, 60)]
    logits = 1.5 * truths[:, None] + generator.normal(size=(60, 4, 3))
    row = answers_row(logits, truths, np.arange(60), multi_label)
    members = expit(logits) if multi_label else softmax(logits, axis=2)
    alone = [np.mean([roc_auc_score(truths[:, o], members[:, m, o]) for o in range(3)]) for m in range(4)]
    together = np.mean([roc_auc_score(truths[:, o], members.mean(1)[:, o]) for o in range(3)])
    assert row["auc_of_members"] == pytest.approx(np.mean(alone))
    assert row["auc_of_ensemble"] == pytest.approx(together)
    assert row["t_p"] == pytest.approx(ttest_1samp(together - np.array(alone), 0).pvalue)
    assert row["low"] < row["auc_difference"] < row["high"]
    assert row["low"] > 0  # four members with their own noise
    right = (members > 0.5) == truths[:, None] if multi_label else members.argmax(2) == truths.argmax(1)[:, None]
    assert row["accuracy_of_members"] == pytest.approx(right.mean())
    assert (row["members"], row["images"]) == (4, 60)


def test_the_interval_is_of_all_replicates_by_scikit_learn():
    generator = np.random.default_rng(2)
    truths = np.eye(2, dtype=bool)[generator.integers(0, 2, 40)]
    logits = np.round(truths[:, None] + generator.normal(size=(40, 3, 2)), 1)  # rounded, so that members have ties
    row = answers_row(logits, truths, np.arange(40), True, seed=5, replicates=150)
    members, drawn = expit(logits), []
    for times in image_weights(5, np.arange(40), 150):
        shown = [members[:, 0], members[:, 1], members[:, 2], members.mean(1)]
        areas = [
            np.mean([roc_auc_score(truths[:, o], own[:, o], sample_weight=times) for o in range(2)]) for own in shown
        ]
        drawn.append(areas[3] - np.mean(areas[:3]))
    assert [row["low"], row["high"]] == pytest.approx(np.percentile(drawn, [2.5, 97.5]))


def test_one_member_gains_nothing():
    truths = np.eye(2, dtype=bool)[np.arange(20) % 2]
    row = answers_row(np.random.default_rng(1).normal(size=(20, 1, 2)), truths, np.arange(20), False)
    assert row["auc_difference"] == 0
    assert np.isnan(row["t_p"])


def test_truths_are_values_or_masks_that_are_not_empty(tmp_path):
    with AnnotatedFile(make_images(tmp_path / "images.h5")) as images:
        truths, known = truths_of(images, BILL, ["short", "medium", "long"])
        assert known.tolist() == [True, False, True, True, True, True, True, True]
        assert truths[known].argmax(1).tolist() == [0, 2, 0, 1, 2, 0, 1]
        truths, known = truths_of(images, MARKS, PARTS)
        assert known.all()
        assert truths.tolist() == [[True, True], [True, False]] * 4
