"""Paired differences against accuracies over images repeated one by one."""

import numpy as np
import pytest

from heterodox.ensembles import difficulty
from heterodox.ensembles.bootstrap import image_weights
from heterodox.ensembles.matched_pairs import drawn_accuracies, drops, pair_differences
from heterodox.storage.dumps import open_dumps

SEED, REPLICATES, M, N = 2, 30, 4, 90
NAMES = ["a", "b", "c", "d"]
PAIRS = {"twins": [("a", "b"), ("d", "b")], "nobody": []}


@pytest.fixture
def study(write_pool, quantised):
    logits, labels = quantised(m=M, n=N)
    worse, _ = quantised(m=M, n=N, seed=1)
    return [
        (write_pool(values, labels, folder=folder), values.argmax(axis=2) == labels)
        for folder, values in (("clean", logits), ("worse", worse))
    ]


def accuracies(paths, threads=2):
    with open_dumps(paths) as dumps:
        return drawn_accuracies(dumps, SEED, REPLICATES, threads)


def repeated(right):
    times = image_weights(SEED, np.arange(N) + 100, REPLICATES).astype(int)
    return np.array([np.repeat(right, row, axis=1).mean(axis=1) for row in times])


def test_differences_are_paired_over_images(study):
    paths, right = study[0]
    table = pair_differences(NAMES, accuracies(paths), PAIRS)
    drawn = repeated(right)
    first, second = (drawn[:, 0] - drawn[:, 1], drawn[:, 3] - drawn[:, 1])
    expected = [np.percentile(values, [2.5, 97.5]) for values in (first, second, (first + second) / 2)]
    np.testing.assert_allclose(table[["low", "high"]], expected, rtol=1e-6)
    own = right.mean(axis=1)
    assert table["difference"].tolist() == pytest.approx(
        [own[0] - own[1], own[3] - own[1], (own[0] + own[3]) / 2 - own[1]]
    )
    assert table["comparison"].tolist() == ["twins"] * 3
    assert table["first"].tolist()[:2] == ["a", "d"]
    assert table["first"].isna().tolist() == [False, False, True]
    assert table["pairs"].tolist() == [1, 1, 2]


def test_a_drop_pairs_the_same_images_on_two_shifts(study):
    (clean, right), (worse, wrong) = study
    row = drops("c", 2, accuracies(clean), accuracies(worse)).iloc[0]
    drawn = repeated(wrong)[:, 2] - repeated(right)[:, 2]
    np.testing.assert_allclose(row[["low", "high"]].to_numpy(float), np.percentile(drawn, [2.5, 97.5]), rtol=1e-6)
    assert row["difference"] == pytest.approx(wrong[2].mean() - right[2].mean())


def test_chunks_and_threads_change_nothing(study, monkeypatch):
    whole = accuracies(study[0][0])
    monkeypatch.setattr(difficulty, "MOST_ROWS", 11)
    for one, other in zip(whole, accuracies(study[0][0], threads=1), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_no_pairs_make_an_empty_table_with_its_columns(study):
    table = pair_differences(NAMES, accuracies(study[0][0]), {"nobody": []})
    assert table.empty
    assert "difference" in table.columns
