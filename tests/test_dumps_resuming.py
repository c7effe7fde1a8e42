"""The scripts that write dumps, shifts and features, killed in the middle, go on and end with the very same bytes."""

import json
import logging
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from heterodox import preemption
from heterodox.networks import loading
from heterodox.storage.images import write_images
from heterodox.storage.members import write_member
from tests.programs import run_here, started

CLASSES = ["a", "b", "c"]
SHAPE, COUNT = (28, 28, 1), 1600
SMALL_BATCHES = "from heterodox.storage import images; images.BATCH_BYTES = 128 * 28 * 28"
SLOW_BACKBONE = (
    "import time; from heterodox.networks import feature_extraction as f; compute = f._features; "
    "f._features = lambda *values: (time.sleep(0.1), compute(*values))[1]"
)
OUTPUT = {"dump_member": "dump", "corrupt_images": "shift", "extract_features": "features"}
BEFORE = dict.fromkeys(OUTPUT, SMALL_BATCHES) | {"extract_features": SLOW_BACKBONE}


def write_inputs(script: str, folder: Path) -> dict[str, Any]:
    random = np.random.default_rng(0)
    with write_images(folder / "test.h5", SHAPE, np.arange(COUNT) % 3, np.arange(COUNT), CLASSES) as writer:
        writer.append(random.integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8))
    config = {"dataset": "toy", "seed": 1}
    inputs = {"images": folder / "test.h5"}
    if script in ("dump_member", "extract_features"):
        network = loading.build("vgg", (1, 28, 28), 3, seed=1)
        described = {"arch": "vgg", "model": "small", "classes": CLASSES, "mean": [0.3], "std": [0.2], "seed": 4}
        described |= {"member": "toy", "resolution": [28, 28], "channels": 1}
        write_member(folder / "toy.safetensors", network.state_dict(), described)
        key = "weights" if script == "dump_member" else "backbone"
        inputs[key], config = folder / "toy.safetensors", config | {"methods": ["saliency"], "most": 1500}
    return {
        "spec": {"wildcards": {"member": "toy", "shift": "lines-1.6", "part": "train"}, "config": config, "code": "0"},
        **inputs,
    }


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Sums are split among threads, so equal bytes need equal numbers of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=sorted(OUTPUT), scope="module")
def script(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def inputs(script: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_inputs(script, tmp_path_factory.mktemp(script))


@pytest.fixture(scope="module")
def undisturbed(script: str, inputs: dict[str, Any]) -> bytes:
    """Return the bytes that a job writes which nobody ends."""
    folder = inputs["images"].parent
    run_here(script, inputs | {"state": folder / "state.h5", OUTPUT[script]: folder / "undisturbed.h5"})
    return (folder / "undisturbed.h5").read_bytes()


@pytest.fixture
def job(script: str, inputs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the options of a job whose state is at `state/clean.h5` and whose result is to be `results/clean.h5`."""
    monkeypatch.setattr("heterodox.storage.images.BATCH_BYTES", 128 * 28 * 28)
    return {**inputs, "state": tmp_path / "state" / "clean.h5", OUTPUT[script]: tmp_path / "results" / "clean.h5"}


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not condition() and process.poll() is None:
        time.sleep(0.001)


def noted_rows(state: Path) -> int:
    note = state.with_suffix(".json")
    return json.loads(note.read_text())["rows"] if note.exists() else 0


def check_that_a_later_attempt_goes_on(script: str, job: dict[str, Any], undisturbed: bytes, caplog) -> None:
    caplog.set_level(logging.INFO)
    rows = noted_rows(job["state"])
    assert 0 < rows < COUNT
    assert not job[OUTPUT[script]].exists()
    run_here(script, job)
    assert f"goes on after {rows} images" in caplog.text
    assert job[OUTPUT[script]].read_bytes() == undisturbed
    assert list(job["state"].parent.iterdir()) == []


def test_a_killed_job_ends_with_the_bytes_of_an_undisturbed_one(script, job, undisturbed, tmp_path, caplog):
    with started(script, job | {"state_seconds": 0.0}, tmp_path / "log", BEFORE[script]) as process:
        wait_for(lambda: noted_rows(job["state"]) >= 300, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
    check_that_a_later_attempt_goes_on(script, job, undisturbed, caplog)


def test_a_job_that_is_warned_notes_its_rows_at_once_and_leaves(script, job, undisturbed, tmp_path, caplog):
    with started(script, job | {"state_seconds": 3600.0}, tmp_path / "log", BEFORE[script]) as process:
        wait_for(lambda: job["state"].exists() and job["state"].stat().st_size > 0, process)
        assert noted_rows(job["state"]) == 0  # far from due: only the warning writes the note
        process.send_signal(signal.SIGTERM)
        assert process.wait() == preemption.EXIT_STATUS, (tmp_path / "log").read_text()
    assert f"process {process.pid} received SIGTERM" in (tmp_path / "log").read_text()
    check_that_a_later_attempt_goes_on(script, job, undisturbed, caplog)


@pytest.mark.parametrize("script", ["corrupt_images"], indirect=True)
@pytest.mark.parametrize("change", ["seed", "images"])
def test_work_on_another_spec_or_other_images_is_not_gone_on_with(script, job, change, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(preemption, "requested", lambda: True)
    with pytest.raises(SystemExit):
        run_here(script, job)
    monkeypatch.undo()
    changed = dict(job)
    if change == "seed":
        changed["spec"] = job["spec"] | {"config": {"dataset": "toy", "seed": 2}}
    else:
        changed["images"] = tmp_path / "test.h5"
        shutil.copy(job["images"], changed["images"])
        with h5py.File(changed["images"], "r+") as file:
            file["images"][0] = 0
    run_here(script, changed)
    assert "belongs to another configuration" in caplog.text
    run_here(script, changed | {"shift": tmp_path / "undisturbed.h5", "state": tmp_path / "other.h5"})
    assert job["shift"].read_bytes() == (tmp_path / "undisturbed.h5").read_bytes()
