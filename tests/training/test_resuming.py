"""Scripts that SIGKILL or SIGTERM ends in the middle of training go on and end with the very same bytes."""

import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from heterodox import preemption
from heterodox.storage.provenance import fingerprint
from heterodox.training.state import StateFile
from tests.programs import run_here, started

COMMON: dict[str, Any] = {"learning_rate": 0.003, "batch_size": 8, "warmup_epochs": 1}
MEMBERS: dict[str, dict[str, Any]] = {
    "train_member": {"arch": "vgg", "recipe": {**COMMON, "epochs": 8, "flip": True, "shift": 1}},
    "pretrain_backbone": {"arch": "resnet", "pretraining": {**COMMON, "epochs": 2, "local_views": 1, "outputs": 16}},
}


def arguments(script: str, files: dict[str, Path], folder: Path, state: Path, **changes: Any) -> dict[str, Any]:
    values = {**MEMBERS[script], **changes}
    config = {"dataset": "sided", "seed": 1, "member": {"arch": values.pop("arch")}, **values}
    spec = {"wildcards": {"member": "toy"}, "config": config, "code": "0"}
    common = {"spec": spec, "train": files["train"], "state": state, "state_seconds": 0.0}
    target = folder / "toy.safetensors"
    if script == "pretrain_backbone":
        return {**common, "backbone": target}
    return {**common, "weights": target, "validation": files["validation"]}


def kill_in_the_middle(script: str, values: dict[str, Any]) -> None:
    """Start the script and kill it as soon as its state has been replaced a few times."""
    with started(script, values, Path(os.devnull)) as process:
        versions: set[int] = set()
        while len(versions) < 5 and process.poll() is None:
            if values["state"].exists():
                versions.add(values["state"].stat().st_mtime_ns)
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.fixture(autouse=True)
def one_thread():
    """Sums are split among threads, so equal bytes need equal numbers of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("script", sorted(MEMBERS))
def test_a_killed_training_ends_with_the_bytes_of_an_uninterrupted_one(script, files, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    state = tmp_path / "state" / "toy.pt"
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    killed = arguments(script, files, parts, state)
    kill_in_the_middle(script, killed)
    assert state.is_file()
    assert not list(parts.glob("*"))
    run_here(script, killed)
    assert "goes on in epoch" in caplog.text
    run_here(script, arguments(script, files, whole, tmp_path / "other.pt"))
    for name in ("toy.safetensors", "toy.json"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()
    assert not state.exists()


def test_a_training_that_is_warned_writes_its_state_at_once_and_the_next_one_goes_on_from_it(files, tmp_path):
    state, log = tmp_path / "state" / "toy.pt", tmp_path / "log"
    warned = arguments("train_member", files, tmp_path / "parts", state) | {"state_seconds": 3600.0}
    warned["spec"]["config"]["recipe"] = {**COMMON, "epochs": 40}
    with started("train_member", warned, log) as process:
        while "epoch 2 of" not in log.read_text() and process.poll() is None:
            time.sleep(0.001)
        assert not state.exists()  # far from due: only the warning writes it
        process.send_signal(signal.SIGTERM)
        assert process.wait() == preemption.EXIT_STATUS
    assert f"process {process.pid} received SIGTERM" in log.read_text()
    assert state.is_file()
    assert not list((tmp_path / "parts").glob("*"))
    epochs = StateFile(state, fingerprint(warned["spec"], [files["train"], files["validation"]])).read()
    assert 2 <= epochs["progress"]["epoch"] < 40
    run_here("train_member", warned)
    run_here("train_member", {**warned, "weights": tmp_path / "whole" / "toy.safetensors", "state": tmp_path / "none"})
    for name in ("toy.safetensors", "toy.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


@pytest.mark.parametrize("change", ["recipe", "data"])
def test_a_state_of_another_configuration_or_of_other_data_is_ignored(change, files, rewrite, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    state = tmp_path / "state" / "toy.pt"
    values = arguments("train_member", files, tmp_path, state, recipe={**COMMON, "epochs": 1})
    StateFile(state, fingerprint(values["spec"], list(files.values()))).write({"progress": {}})
    if change == "recipe":
        values["spec"]["config"]["recipe"]["learning_rate"] = 0.002
    else:
        rewrite(files["train"], 96, 3)
    run_here("train_member", values)
    assert "belongs to another configuration" in caplog.text
    assert (tmp_path / "toy.safetensors").is_file()
