"""Scripts killed with SIGKILL in the middle of training go on and end with the very same bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
COMMON = {"optimizer": "adamw", "learning_rate": 0.003, "batch_size": 8, "warmup_epochs": 1}
MEMBERS = {
    "train_member": {"arch": "vgg", "recipe": {**COMMON, "epochs": 8, "flip": True, "shift": 1}},
    "pretrain_backbone": {"arch": "resnet", "pretraining": {**COMMON, "epochs": 2, "local_views": 1, "outputs": 16}},
}


def command(script: str, files: dict[str, Path], folder: Path, state: Path, **changes: object) -> list[str]:
    values = {**MEMBERS[script], **changes}
    config = {"dataset": "sided", "seed": 1, "member": {"arch": values.pop("arch")}, **values}
    spec = json.dumps({"wildcards": {"member": "toy"}, "config": config, "code": "0"})
    target = folder / "toy.safetensors"
    options = (
        ["--backbone", target]
        if script == "pretrain_backbone"
        else ["--weights", target, "--validation", files["validation"]]
    )
    common = ["--spec", spec, "--train", files["train"], "--state", state, "--state-seconds", "0"]
    return [sys.executable, str(SCRIPTS / f"{script}.py"), *map(str, [*common, *options])]


def finished(arguments: list[str]) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return done.stderr


def kill_in_the_middle(arguments: list[str], state: Path) -> None:
    """Start the script and kill it as soon as its state has been replaced a few times."""
    with subprocess.Popen(arguments, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL) as process:
        versions: set[int] = set()
        while len(versions) < 5 and process.poll() is None:
            if state.exists():
                versions.add(state.stat().st_mtime_ns)
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("script", sorted(MEMBERS))
def test_a_killed_training_ends_with_the_bytes_of_an_uninterrupted_one(script, files, tmp_path):
    state = tmp_path / "state" / "toy.pt"
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    finished(command(script, files, whole, tmp_path / "other.pt"))
    kill_in_the_middle(command(script, files, parts, state), state)
    assert state.is_file()
    assert not list(parts.glob("*"))
    assert "goes on in epoch" in finished(command(script, files, parts, state))
    for name in ("toy.safetensors", "toy.json"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()
    assert not state.exists()


def test_a_state_of_another_configuration_is_ignored(files, tmp_path):
    state = tmp_path / "state" / "toy.pt"
    kill_in_the_middle(command("train_member", files, tmp_path / "parts", state), state)
    recipe = {**COMMON, "epochs": 1}
    log = finished(command("train_member", files, tmp_path / "parts", state, recipe=recipe))
    assert "belongs to another configuration" in log
    finished(command("train_member", files, tmp_path / "fresh", tmp_path / "other.pt", recipe=recipe))
    assert (tmp_path / "fresh" / "toy.safetensors").read_bytes() == (
        tmp_path / "parts" / "toy.safetensors"
    ).read_bytes()
