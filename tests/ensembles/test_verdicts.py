import os

import h5py
import numpy as np
import pytest

from heterodox.ensembles import verdicts as module
from heterodox.ensembles.subsets import subsets
from heterodox.ensembles.verdicts import verdicts
from heterodox.errors import UserError
from heterodox.storage.dumps import open_dumps

RULES = ("mean_logit", "mean_probability", "majority_vote")


def collected(paths, with_logits=False):
    """Return everything the chunks hold, joined along the images."""
    with open_dumps(paths) as dumps:
        parts = list(
            verdicts(
                dumps,
                subsets(len(dumps), 3),
                RULES,
                lambda chunk: (chunk.start, chunk.tops, chunk.member_right, chunk.right, chunk.logits.copy()),
                with_logits=with_logits,
            )
        )
    starts, *arrays = zip(*parts, strict=True)
    tops, member_right, right, logits = arrays
    joined = [np.concatenate(values, axis=-1) for values in (tops, member_right, right)]
    return starts, *joined, np.concatenate(logits, axis=1) if with_logits else None


@pytest.mark.parametrize("block_bytes", [1, 500, 10**9])
@pytest.mark.parametrize("rows", [1, 50, 10**9])
def test_blocks_and_chunks_change_nothing(write_pool, quantised, monkeypatch, block_bytes, rows):
    paths = write_pool(*quantised(m=4))
    whole = collected(paths)
    monkeypatch.setattr(module, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(module, "MOST_ROWS", rows)
    starts, *parts, _ = collected(paths)
    assert list(starts) == list(range(0, 120, rows))
    for values, expected in zip(parts, whole[1:4], strict=True):
        assert np.array_equal(values, expected)


def test_a_chunk_holds_its_logits_when_they_are_asked_for(write_pool, quantised, monkeypatch):
    logits, labels = quantised(m=4)
    monkeypatch.setattr(module, "MOST_ROWS", 50)
    assert np.array_equal(collected(write_pool(logits, labels), with_logits=True)[4], logits)


def test_compressed_logits_are_read_as_well(write_pool, quantised):
    paths = write_pool(*quantised(m=4))
    plain = collected(paths)
    for path in paths[1:3]:
        with h5py.File(path, "r+") as file:
            logits = file["logits"][:]
            del file["logits"]
            file.create_dataset("logits", data=logits, chunks=(7, 2), compression="gzip")
    for values, expected in zip(collected(paths)[1:4], plain[1:4], strict=True):
        assert np.array_equal(values, expected)


def test_a_file_cut_short_while_it_is_read_is_named(write_pool, quantised):
    paths = write_pool(*quantised(m=3))
    with open_dumps(paths) as dumps:
        os.truncate(paths[1], dumps[1].logits_offset() + 100)
        with pytest.raises(UserError, match=r"member_1.*truncated"):
            list(verdicts(dumps, subsets(3, 3), RULES, lambda chunk: chunk))
