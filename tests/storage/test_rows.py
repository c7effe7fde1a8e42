import errno
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile, write_dump
from heterodox.storage.rows import State, fill

COUNT, CLASSES = 20, 3
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(COUNT, CLASSES)).astype(np.float32)
MAPS = RANDOM.random((COUNT, 1, 6, 5)).astype(np.float32)


class EndedError(Exception):
    pass


def write(path: Path, state: State | None = None, until: int = COUNT, size: int = 4) -> int:
    """Write a dump batch by batch; end at row `until` as a killed process does. Returns the row it started from."""
    with write_dump(path, np.zeros(COUNT), np.arange(COUNT), CLASSES, {"member": "m"}, state) as writer:
        first = writer.filled
        for start in range(first, COUNT, size):
            if start >= until:
                raise EndedError
            writer.append(LOGITS[start : start + size], {"saliency": MAPS[start : start + size]})
    return first


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    write(tmp_path / "whole.h5")
    return (tmp_path / "whole.h5").read_bytes()


@pytest.fixture
def waiting(tmp_path: Path) -> Callable[..., State]:
    """Return a function that makes the state of a dump, by default one that is noted after every batch."""

    def make(fingerprint: str = "ours", seconds: float = 0) -> State:
        return State(tmp_path / "state" / "clean.h5", fingerprint, seconds)

    return make


def test_a_later_attempt_goes_on_and_ends_with_the_same_bytes(tmp_path, whole, waiting, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", waiting(), until=8)
    assert not (tmp_path / "dump.h5").exists()
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", waiting(), until=12)
    assert write(tmp_path / "dump.h5", waiting()) == 12
    assert "goes on after 8 images" in caplog.text
    assert (tmp_path / "dump.h5").read_bytes() == whole
    assert list((tmp_path / "state").iterdir()) == []


def test_rows_that_were_not_noted_are_written_again(tmp_path, whole, waiting):
    state = waiting()
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", state, until=8)
    with pytest.raises(EndedError):  # four rows more, without a note
        write(tmp_path / "dump.h5", waiting(seconds=3600), until=12)
    with h5py.File(state.path, "r+") as file:  # and what a power cut made of them
        for name in ("logits", "saliency/saliency", "saliency_scale/saliency"):
            file[name][8:] = 7
    assert write(tmp_path / "dump.h5", state) == 8
    assert (tmp_path / "dump.h5").read_bytes() == whole


def test_a_finished_file_that_was_not_moved_yet_is_moved(tmp_path, whole, waiting, monkeypatch):
    monkeypatch.setattr(
        os, "replace", lambda source, target: os.rename(source, target) if "json" in target.name else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "dump.h5", waiting())
    monkeypatch.undo()
    assert write(tmp_path / "dump.h5", waiting()) == COUNT
    assert (tmp_path / "dump.h5").read_bytes() == whole


@pytest.mark.parametrize("damage", ["other work", "no note", "half a note", "half a file", "no file"])
def test_what_cannot_be_gone_on_with_is_started_anew(tmp_path, whole, waiting, damage):
    state = waiting()
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", state, until=8)
    if damage == "other work":
        state = waiting("theirs")
    elif damage == "no note":
        state.note.unlink()
    elif damage == "half a note":
        state.note.write_text('{"rows"')
    elif damage == "half a file":
        os.truncate(state.path, 700)
    else:
        state.path.unlink()
    assert write(tmp_path / "dump.h5", state) == 0
    assert (tmp_path / "dump.h5").read_bytes() == whole


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "quota exceeded")], ids=["disk", "quota"]
)
@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_a_full_disk_or_quota_keeps_what_is_done(tmp_path, whole, waiting, monkeypatch, number, reason, call):
    calls, real = [], getattr(os, call)

    def fail_later(*arguments):
        calls.append(arguments)
        if len(calls) > 12:
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    state = waiting()
    monkeypatch.setattr(os, call, fail_later)
    with pytest.raises(UserError, match=reason) as caught:
        write(tmp_path / "dump.h5", state, size=2)
    monkeypatch.undo()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "dump.h5").exists()
    assert write(tmp_path / "dump.h5", state, size=2) > 0
    assert (tmp_path / "dump.h5").read_bytes() == whole


def test_without_a_state_nothing_is_left_of_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.EDQUOT, "Disk quota exceeded")))
    with pytest.raises(UserError, match=r"dump.h5: not written, quota exceeded; an earlier file there is unchanged$"):
        write(tmp_path / "dump.h5")
    assert list(tmp_path.iterdir()) == []


def test_sigterm_notes_what_is_there_and_ends_the_process(tmp_path, whole, waiting, monkeypatch):
    monkeypatch.setattr(preemption, "requested", lambda: True)
    state = waiting(seconds=3600)
    with pytest.raises(SystemExit) as left:
        write(tmp_path / "dump.h5", state)
    assert left.value.code == preemption.EXIT_STATUS
    assert json.loads(state.note.read_text())["rows"] == 4
    for row in (8, 12, 16):
        with pytest.raises(SystemExit):
            write(tmp_path / "dump.h5", state)
        assert json.loads(state.note.read_text())["rows"] == row
    assert write(tmp_path / "dump.h5", state) == 16  # nothing is left to do, so it finishes in spite of the warning
    assert (tmp_path / "dump.h5").read_bytes() == whole


def test_an_attempt_that_ends_before_its_first_note_leaves_no_older_one(tmp_path, whole, waiting):
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", waiting(), until=8)
    os.truncate(waiting().path, 700)
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", waiting(seconds=3600), until=4)
    assert write(tmp_path / "dump.h5", waiting()) == 0
    assert (tmp_path / "dump.h5").read_bytes() == whole


def test_of_twin_jobs_at_one_file_both_end_well(tmp_path, whole, waiting):
    with pytest.raises(EndedError):
        write(tmp_path / "dump.h5", waiting(), until=8)
    with write_dump(
        tmp_path / "dump.h5", np.zeros(COUNT), np.arange(COUNT), CLASSES, {"member": "m"}, waiting()
    ) as slow:
        slow.append(LOGITS[8:12], {"saliency": MAPS[8:12]})
        assert write(tmp_path / "dump.h5", waiting()) == 12
        assert (tmp_path / "dump.h5").read_bytes() == whole
        slow.append(LOGITS[12:], {"saliency": MAPS[12:]})
    assert (tmp_path / "dump.h5").read_bytes() == whole
    assert list((tmp_path / "state").iterdir()) == []


def test_a_job_whose_file_another_has_begun_anew_ends(tmp_path, whole, waiting):
    with pytest.raises(UserError, match="another job has begun this file anew"):  # noqa: PT012, SIM117
        with write_dump(tmp_path / "dump.h5", np.zeros(COUNT), np.arange(COUNT), CLASSES, {}, waiting("old")) as slow:
            slow.append(LOGITS[:4] + 1, {"saliency": MAPS[:4]})
            with pytest.raises(EndedError):
                write(tmp_path / "dump.h5", waiting("new"), until=12)
            slow.append(LOGITS[4:8] + 1, {"saliency": MAPS[4:8]})
    assert write(tmp_path / "dump.h5", waiting("new")) == 12
    assert (tmp_path / "dump.h5").read_bytes() == whole


def test_a_state_on_another_file_system_is_one_line(tmp_path):
    elsewhere = Path("/dev/shm")
    assert elsewhere.stat().st_dev != tmp_path.stat().st_dev
    state = State(elsewhere / f"heterodox-{os.getpid()}.h5", "ours")
    with pytest.raises(UserError, match="lies on another file system than") as caught:
        write(tmp_path / "dump.h5", state)
    assert "\n" not in str(caught.value)
    assert not state.path.exists()


def test_rows_that_do_not_fit_the_layout_are_an_error(tmp_path):
    first = {"values": np.zeros((1, 2), np.float32), "scale": np.zeros(1)}
    for second, fault in [
        ({**first, "values": np.zeros((1, 2), np.int64)}, "'values' takes float32"),
        ({**first, "values": np.zeros((1, 3), np.float32)}, "'values' takes float32"),
        ({**first, "scale": np.zeros(2)}, "'scale' takes float64"),
        ({"values": np.zeros((1, 2), np.float32)}, "rows hold values, scale, not values"),
        ({**first, "more": np.zeros(1)}, "rows hold values, scale, not values, scale, more"),
        ({"values": np.zeros((3, 2), np.float32), "scale": np.zeros(3)}, "3 images announced, 4 written"),
    ]:
        with pytest.raises(ValueError, match=fault):  # noqa: PT012, SIM117
            with fill(tmp_path / "x.h5", {"index": np.arange(3)}, {"values": np.empty((0, 2), np.float32)}, {}) as rows:
                rows.append(first)
                rows.append(second)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_rows_is_a_file(tmp_path, waiting):
    with write_dump(tmp_path / "none.h5", [], [], 4, state=waiting()):
        pass
    with DumpFile(tmp_path / "none.h5") as dump:
        assert dump.logits().shape == (0, 4)
