"""The streamed difficulty functions against images repeated one by one and pairs taken one by one."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from heterodox.ensembles import difficulty
from heterodox.ensembles.bootstrap import image_weights
from heterodox.ensembles.difficulty import STATISTICS, family_draws, measure
from heterodox.errors import UserError
from heterodox.storage.dumps import open_dumps

SEED, REPLICATES, M, N = 3, 25, 6, 80
FAMILIES = {"token": [4, 0], "conv": [1, 5, 2], "lone": [3]}


@pytest.fixture
def study(write_pool, quantised):
    logits, labels = quantised(m=M, n=N)
    return write_pool(logits, labels), logits.argmax(axis=2) != labels


def measured(paths, families=FAMILIES, replicates=REPLICATES, threads=2):
    with open_dumps(paths) as dumps:
        return measure(dumps, families, SEED, replicates, threads)


def direct(failed, drawn):
    """Return the statistics of every pair of families from failures (m, n) and the members drawn, by plain loops."""
    found = {}
    for a, b in [(a, b) for a in drawn for b in drawn]:
        pairs = permutations(drawn[a], 2) if a == b else product(drawn[a], drawn[b])
        pairs = [(i, j) for i, j in pairs if i != j]
        expected = np.mean([np.mean(failed[i] & failed[j]) for i, j in pairs]) if pairs else np.nan
        independent = np.mean([failed[i].mean() * failed[j].mean() for i, j in pairs]) if pairs else np.nan
        found[a, b] = [expected, independent, expected - independent]
    for a, b in found:
        within = (found[a, a][0] + found[b, b][0]) / 2
        found[a, b] = [*found[a, b], np.nan if a == b else found[a, b][0] - within]
    return found


def test_values_and_intervals_are_those_of_the_direct_bootstrap(study):
    paths, failed = study
    table, _ = measured(paths)
    plain = direct(failed, FAMILIES)
    times = image_weights(SEED, np.arange(N) + 100, REPLICATES).astype(int)
    drawn = []
    for b in range(REPLICATES):
        members = {
            name: np.repeat(np.arange(M), family_draws(SEED, name, places, M, b)[0]).tolist()
            for name, places in FAMILIES.items()
        }
        drawn.append(direct(np.repeat(failed, times[b], axis=1), members))
    assert len(table) == 6
    for _, row in table.iterrows():
        pair = row["first"], row["second"]
        low, high = np.percentile([replicate[pair] for replicate in drawn], [2.5, 97.5], axis=0)
        for place, name in enumerate(STATISTICS):
            expected = [plain[pair][place], low[place], high[place]]
            found = row[[name, f"{name}_low", f"{name}_high"]].to_numpy(float)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_one_member_has_no_value_within_its_family_but_one_with_others(study):
    table = measured(study[0])[0].set_index(["first", "second"])
    assert table.loc[("lone", "lone"), list(STATISTICS)].isna().all()
    assert table.loc[("conv", "lone"), ["expected", "covariance_low", "covariance_high"]].notna().all()
    assert np.isnan(table.loc[("conv", "lone"), "versus_within"])


def test_joint_histogram_counts_images_by_how_many_of_each_family_fail(study):
    paths, failed = study
    _, joint = measured(paths)
    rows = joint[(joint["first"] == "token") & (joint["second"] == "conv")]
    token, conv = failed[[4, 0]].sum(axis=0), failed[[1, 5, 2]].sum(axis=0)
    expected = pd.crosstab(token, conv).reindex(index=range(3), columns=range(4), fill_value=0)
    found = rows.pivot(index="first_failing", columns="second_failing", values="images")
    np.testing.assert_array_equal(found, expected)


def test_chunks_and_threads_change_nothing(study, monkeypatch):
    whole = measured(study[0])
    monkeypatch.setattr(difficulty, "MOST_ROWS", 7)
    for one, other in zip(whole, measured(study[0], threads=3), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_family_of_two_is_never_drawn_as_one_member_twice():
    times, refused = zip(*(family_draws(SEED, "token", [4, 0], M, b) for b in range(50)), strict=True)
    assert all(sorted(row.tolist()) == [0, 0, 0, 0, 1, 1] for row in times)
    assert 20 < sum(refused) < 90  # half of all draws are one member twice


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ({}, "needs members"),
        ({"a": [0], "b": []}, "b: a family needs members"),
        ({"a": [0, 1], "b": [1]}, "stands in them twice"),
        ({"a": [0], "b": [9]}, "outside the 6 dumps"),
    ],
)
def test_families_that_cannot_be_measured_are_refused(study, families, said):
    with pytest.raises(UserError, match=said):
        measured(study[0], families)
