"""Sweeps of lambda: a divergence is a row, and a row says what the history says."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.storage.tables import read_table
from heterodox.training import sweeps
from heterodox.training.images import read_images
from heterodox.training.sweeps import overhead

SWEEP = Path(__file__).resolve().parent.parent.parent / "scripts" / "sweep_lambda.py"
RECIPE = {"epochs": 3, "batch_size": 16, "learning_rate": 0.005}


def spec(weight, **team):
    team = {"archs": ["vgg", "vit"], "loss": "attribution", "lambda": weight, **team}
    config = {"dataset": "sided", "seed": 1, "team": team, "recipe": RECIPE}
    return {"wildcards": {"sweep": "wide", "team": "toy", "seed": "2"}, "config": config}


@pytest.fixture
def row(files, tmp_path):
    def swept(weight, **team):
        table = tmp_path / "row.csv"
        main = runpy.run_path(str(SWEEP))["sweep_lambda"]
        main(spec=spec(weight, **team), table=table, state=tmp_path / "state.pt", **files)
        return read_table(table).iloc[0]

    return swept


def test_a_sane_team_reaches_its_last_epoch(row):
    found = row(0.1)
    assert (found["team"], found["seed"], found["loss"], found["normalise"]) == ("toy", 2, "attribution", "l2")
    assert (found["lambda"], found["classes"]) == (0.1, 2)
    assert (found["epochs"], found["last_stable_epoch"]) == (3, 3)
    assert found[["diverged_epoch", "penalty_consensus"]].isna().all()
    assert 0.5 < found["team_validation_accuracy"] <= 1
    assert 0 < found["diversity"] < 0.5
    assert np.isnan(found["explained"])  # all images of a batch


def test_a_team_that_never_was_sane_is_a_row_without_accuracy(row):
    found = row(1e6, normalise="none")
    assert (found["last_stable_epoch"], found["diverged_epoch"]) == (0, 1)
    assert found[["team_validation_accuracy", "diversity"]].isna().all()
    assert found["overhead"] > 0


def test_the_overhead_compares_the_fastest_turns_of_equal_networks_on_equal_images(files, monkeypatch):
    images = read_images(files["train"], torch.device("cpu"))
    turns = {"attribution": iter([1.0, 9.0, 8.0, 6.0, 7.0, 9.0]), "independent": iter([0.5, 3.0, 2.0, 4.0, 4.0, 5.0])}
    seen = []

    def seconds(team, batch):
        seen.append((len(batch), [type(member.network).__name__ for member in team.members]))
        return next(turns[team.team_loss.loss])

    monkeypatch.setattr(sweeps, "_step_seconds", seconds)
    assert overhead(spec(0.1), images) == 6.0 / 2.0  # the first turn of each does not count
    assert seen == [(16, ["PlainNetwork", "VisionTransformer"])] * 12
