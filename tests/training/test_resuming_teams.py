"""Team training that SIGKILL ends goes on and ends with the very same bytes, the loss with double backward included."""

import logging

from tests.programs import run_here
from tests.training.test_resuming import kill_in_the_middle, one_thread

__all__ = ["one_thread"]  # a fixture that every test here uses
RECIPE = {"learning_rate": 0.003, "batch_size": 8, "epochs": 2, "flip": True, "shift": 1}


def arguments(files, folder, state):
    team = {"archs": ["vgg", "vit"], "loss": "attribution"}
    config = {"dataset": "sided", "seed": 1, "team": team, "recipe": RECIPE}
    spec = {"wildcards": {"team": "toy", "seed": "1"}, "config": config, "code": "0"}
    weights = [folder / f"toy-1-{place}.safetensors" for place in (1, 2)]
    return {"spec": spec, **files, "weights": weights, "state": state, "state_seconds": 0.0}


def test_a_killed_team_ends_with_the_bytes_of_an_uninterrupted_one(files, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    state, whole, parts = tmp_path / "state" / "toy.pt", tmp_path / "whole", tmp_path / "parts"
    killed = arguments(files, parts, state)
    kill_in_the_middle("train_team", killed)
    assert state.is_file()
    assert not list(parts.glob("*"))
    run_here("train_team", killed)
    assert "goes on in epoch" in caplog.text
    run_here("train_team", arguments(files, whole, tmp_path / "other.pt"))
    for path in whole.iterdir():
        assert path.read_bytes() == (parts / path.name).read_bytes()
    assert len(list(whole.iterdir())) == 4
    assert not state.exists()
