"""The scripts from files to members: trained, taught, and probed. There is no test split anywhere near."""

import json
import runpy
from pathlib import Path

import pytest
import torch

from heterodox.networks.loading import load_member
from heterodox.storage.members import read_description
from heterodox.training.images import read_images
from heterodox.training.members import stream_name
from heterodox.training.supervision import accuracy_and_loss

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
CONTRACT = {
    *("member", "arch", "model", "class", "approach", "parameters", "dataset", "seed", "recipe", "classes", "mean"),
    *("std", "resolution", "channels", "history", "best_epoch", "versions", "validation_accuracy"),
}
SHORT = {"epochs": 2, "batch_size": 16, "learning_rate": 0.005}


def run(script, **values):
    runpy.run_path(str(SCRIPTS / f"{script}.py"))[script](**values)


def spec(name, arch, seed=1, **config):
    member = {"arch": arch, "approach": config.pop("approach", "supervised"), "seed": seed}
    return {"wildcards": {"member": name}, "config": {"dataset": "sided", "seed": 1, "member": member, **config}}


@pytest.fixture
def train(files, tmp_path):
    def trained(name, arch, seed=1, teacher=(), **recipe):
        weights = tmp_path / f"{name}.safetensors"
        job = spec(name, arch, seed, recipe={**SHORT, **recipe})
        run("train_member", spec=job, weights=weights, state=tmp_path / f"{name}.pt", teacher=list(teacher), **files)
        return weights

    return trained


def test_a_member_says_how_it_came_about_and_is_as_good_as_it_says(train, files):
    weights = train("plain", "vgg", flip=False, epochs=3)
    described = read_description(weights)
    assert set(described) >= CONTRACT
    assert [entry["epoch"] for entry in described["history"]] == [1, 2, 3]
    assert described["recipe"]["learning_rate"] == 0.005
    held_out = read_images(files["validation"], torch.device("cpu"))
    measured = accuracy_and_loss(load_member(weights), held_out)
    best = described["history"][described["best_epoch"] - 1]
    assert measured["validation_accuracy"] == described["validation_accuracy"] == best["validation_accuracy"]
    assert measured["validation_loss"] == pytest.approx(best["validation_loss"], rel=1e-4)


def test_seed_and_name_make_another_network_and_nothing_else_does(train):
    first, again = train("first", "vgg").read_bytes(), train("first", "vgg").read_bytes()
    assert first == again
    assert first != train("first", "vgg", seed=2).read_bytes()
    assert first != train("second", "vgg").read_bytes()
    assert stream_name(spec("a", "vgg", 1)) != stream_name(spec("a", "vgg", 2))


def test_a_taught_member_depends_on_its_teacher(train):
    teachers = [train("teacher", "vgg"), train("other_teacher", "vgg", seed=5, learning_rate=0.0)]
    taught = [train("pupil", "deit", teacher=[teacher]).read_bytes() for teacher in teachers]
    assert taught[0] != taught[1]


def test_a_probed_member_keeps_the_history_of_its_backbone(files, tmp_path):
    backbone, weights = tmp_path / "backbone.safetensors", tmp_path / "member.safetensors"
    approach = "self-supervised"
    job = spec("dino", "resnet", approach=approach, pretraining={**SHORT, "local_views": 0, "outputs": 16})
    run("pretrain_backbone", spec=job, train=files["train"], backbone=backbone, state=tmp_path / "state.pt")
    run(
        "probe_member",
        spec=spec("dino", "resnet", approach=approach, recipe={}),
        backbone=backbone,
        weights=weights,
        **files,
    )
    described = read_description(weights)
    assert set(described) >= CONTRACT
    assert described["history"] == read_description(backbone)["history"]
    assert described["pretraining"]["outputs"] == 16
    assert described["approach"] == approach
    measured = accuracy_and_loss(load_member(weights), read_images(files["validation"], torch.device("cpu")))
    assert measured["validation_accuracy"] == described["validation_accuracy"] > 0.6
    json.dumps(described, allow_nan=False)
