from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile, write_dump
from heterodox.tables import members

# The label's rank in the six rows: 1, 2, 5, 6, 1, 7. So top-1 is 2 of 6 and top-5 is 4 of 6.
LOGITS = np.array(
    [
        [9, 1, 2, 3, 4, 5, 6],
        [8, 9, 2, 3, 4, 5, 6],
        [5, 9, 8, 7, 6, 4, 3],
        [4, 9, 8, 7, 6, 5, 3],
        [7, 1, 2, 3, 4, 5, 6],
        [0, 1, 2, 3, 4, 5, 6],
    ],
    np.float32,
)
DESCRIPTION = {"member": "deit", "arch": "deit", "class": "ViT", "approach": "distilled", "parameters": 402, "seed": 1}


def dumped(path: Path, logits: np.ndarray = LOGITS, **attributes: str) -> Path:
    count, classes = logits.shape
    with write_dump(path, np.zeros(count, int), np.arange(count), classes, attributes) as writer:
        writer.append(logits)
    return path


def row_of(path: Path, shift: str = "clean") -> dict:
    with DumpFile(path) as dump:
        return members.member_row(DESCRIPTION, shift, dump)


def test_member_row_by_hand(tmp_path: Path) -> None:
    row = row_of(dumped(tmp_path / "clean.h5", member="deit", shift="clean"))
    interval = binomtest(2, 6).proportion_ci(method="wilson")
    assert list(row) == [*members.DESCRIBED, "shift", "top1", "top5", "images", "top1_low", "top1_high"]
    assert [row[name] for name in members.DESCRIBED] == ["deit", "deit", "ViT", "distilled", 402]
    assert (row["shift"], row["top1"], row["top5"], row["images"]) == ("clean", 2 / 6, 4 / 6, 6)
    assert (row["top1_low"], row["top1_high"]) == pytest.approx(tuple(interval), rel=1e-6)


def test_accuracy_does_not_depend_on_the_size_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = np.random.default_rng(0).normal(size=(101, 7)).astype(np.float32)
    path = dumped(tmp_path / "clean.h5", logits)
    whole = row_of(path)
    monkeypatch.setattr(members, "BATCH_BYTES", 4 * 7 * 10)
    assert row_of(path) == whole


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (1, 3), (812, 1000)])
def test_interval_is_wilsons(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert members.binomial_interval(hits / count, count) == pytest.approx(tuple(expected), abs=1e-6)


def test_five_classes_have_no_top_5(tmp_path: Path) -> None:
    assert row_of(dumped(tmp_path / "clean.h5", LOGITS[:, :5]))["top5"] is None
    assert row_of(dumped(tmp_path / "six.h5", LOGITS[:, :6]))["top5"] is not None


@pytest.mark.parametrize("wrong", [{"member": "swin"}, {"shift": "fog-1.0"}])
def test_a_dump_of_something_else_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(UserError, match="is a dump of the"):
        row_of(dumped(tmp_path / "clean.h5", **wrong))


def test_an_empty_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no images"):
        row_of(dumped(tmp_path / "clean.h5", LOGITS[:0]))
