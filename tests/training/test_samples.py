import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.training.samples import sample_rows

ROWS = np.arange(100, 123)


def test_random_heads_see_everything() -> None:
    for sample in sample_rows("random_heads", ROWS, 3, 1, "set"):
        np.testing.assert_array_equal(sample, ROWS)


def test_each_member_leaves_out_a_bucket_of_its_own() -> None:
    samples = sample_rows("leave_one_bucket_out", ROWS, 5, 1, "set")
    left_out = [sorted(set(ROWS) - set(sample)) for sample in samples]
    assert sorted(len(bucket) for bucket in left_out) == [4, 4, 5, 5, 5]
    assert sorted(row for bucket in left_out for row in bucket) == ROWS.tolist()
    assert [len(sample) + len(bucket) for sample, bucket in zip(samples, left_out, strict=True)] == [23] * 5
    assert left_out != [sorted(bucket.tolist()) for bucket in np.array_split(ROWS, 5)]  # dealt at random


def test_bags_are_drawn_with_replacement_from_all_rows() -> None:
    many = np.arange(5000)
    first, second = sample_rows("bagging", many, 2, 1, "set")
    assert len(first) == len(second) == 5000
    assert not np.array_equal(first, second)
    # A row is missing from a bag with probability (1 - 1/n)^n = 0.368.
    assert len(np.unique(first)) / 5000 == pytest.approx(1 - 0.368, abs=0.02)
    assert np.bincount(first).max() >= 4
    np.testing.assert_array_equal(sample_rows("bagging", many, 3, 1, "set")[0], first)


def test_samples_depend_on_seed_and_name() -> None:
    for strategy in ("bagging", "leave_one_bucket_out"):
        first = sample_rows(strategy, ROWS, 4, 1, "set")[0]
        for other in (sample_rows(strategy, ROWS, 4, 2, "set")[0], sample_rows(strategy, ROWS, 4, 1, "other")[0]):
            assert not np.array_equal(first, other)


def test_what_cannot_be_sampled_is_one_line() -> None:
    for members in (1, 24):
        with pytest.raises(
            UserError, match=f"member_sets.set: {members} members cannot each leave out one bucket of 23"
        ):
            sample_rows("leave_one_bucket_out", ROWS, members, 1, "set")
    with pytest.raises(UserError, match="strategy boosting: unknown; there are random_heads"):
        sample_rows("boosting", ROWS, 2, 1, "set")
