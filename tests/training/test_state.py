import logging

import torch

from heterodox.training.state import StateFile


def test_a_state_is_read_back_by_its_own_fingerprint_only(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = tmp_path / "state" / "member.pt"
    StateFile(path, "mine").write({"epoch": 3, "weights": {"a": torch.arange(3)}})
    values = StateFile(path, "mine").read()
    assert values is not None
    assert values["epoch"] == 3
    assert values["weights"]["a"].tolist() == [0, 1, 2]
    assert StateFile(path, "other").read() is None
    assert "belongs to another configuration" in caplog.text


def test_a_missing_or_damaged_state_means_the_beginning(tmp_path, caplog):
    path = tmp_path / "member.pt"
    assert StateFile(path, "mine").read() is None
    StateFile(path, "mine").write({"weights": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-500])
    assert StateFile(path, "mine").read() is None
    assert "damaged" in caplog.text
    path.write_bytes(b"")
    assert StateFile(path, "mine").read() is None


def test_a_write_is_due_after_the_seconds_and_removing_twice_is_harmless(tmp_path):
    path = tmp_path / "member.pt"
    assert not StateFile(path, "mine", seconds=1000).due()
    assert StateFile(path, "mine", seconds=0).due()
    StateFile(path, "mine").write({})
    StateFile(path, "mine").remove()
    StateFile(path, "mine").remove()
    assert not path.exists()


def test_what_killed_writers_left_goes_with_the_state(tmp_path):
    path, other = tmp_path / "heads.pt", tmp_path / ".other.pt.partial-12"
    for left in (tmp_path / ".heads.pt.partial-12", other):
        left.touch()
    state = StateFile(path, "mine")
    state.write({})
    state.remove()
    assert list(tmp_path.iterdir()) == [other]
