"""The scripts from files to members: trained, taught, and probed. There is no test split anywhere near."""

import json
import runpy
from pathlib import Path

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build, load_member
from heterodox.storage.images import ImageFile
from heterodox.storage.members import description_path, read_description, write_member
from heterodox.training.images import read_images
from heterodox.training.members import stream_name
from heterodox.training.state import StateFile
from heterodox.training.supervision import accuracy_and_loss, accuracy_and_loss_of_file

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"
CONTRACT = {
    *("member", "arch", "model", "parameters", "dataset", "seed", "member_seed", "recipe", "classes", "mean"),
    *("std", "resolution", "channels", "history", "best_epoch", "versions", "validation_accuracy"),
}
SHORT = {"epochs": 2, "batch_size": 16, "learning_rate": 0.005}


def run(script, **values):
    runpy.run_path(str(SCRIPTS / f"{script}.py"))[script](**values)


def spec(name, arch, seed=1, **config):
    member = {"arch": arch, "seed": seed}
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


def test_a_teachers_description_counts(train, monkeypatch):
    teacher = train("teacher", "vgg", epochs=1)
    fingerprints = []
    monkeypatch.setattr(StateFile, "read", lambda file: fingerprints.append(file.fingerprint))
    described = read_description(teacher)
    for mean in (described["mean"], [0.9]):
        description_path(teacher).write_text(json.dumps(described | {"mean": mean}))
        train("pupil", "deit", teacher=[teacher], epochs=1)
    assert len(set(fingerprints)) == 2
    description_path(teacher).write_text(json.dumps(described | {"classes": ["right", "left"]}))
    with pytest.raises(UserError, match=r"teacher\.safetensors: the teacher's 2 classes are not the pupil's 2"):
        train("pupil", "deit", teacher=[teacher], epochs=1)


def test_a_fetched_member_says_how_good_it_is_on_validation(rewrite, tmp_path, monkeypatch):
    """A network with weights of our own stands for one made elsewhere."""
    # The library's own resolution would make a test of 224 px out of this.
    native = {"input_size": (1, 32, 32), "mean": (0.3,), "std": (0.2,), "num_classes": 1000}
    monkeypatch.setattr("heterodox.networks.fetching.native_configuration", lambda network, entry: native)
    validation = rewrite(tmp_path / "validation.h5", 40, 2)
    foreign, weights = tmp_path / "foreign.safetensors", tmp_path / "fetched.safetensors"
    backbone = tmp_path / "backbone.safetensors"
    write_member(foreign, build("resnet", (1, 8, 8), 2, "resnet18", seed=9).state_dict(), {})
    job = spec("fetched", "resnet", seed=7)
    job["config"]["member"] |= {"model": "resnet18", "pretrained": str(foreign)}
    run("fetch_member", spec=job, validation=validation, weights=weights)
    run("fetch_backbone", spec=job, validation=validation, backbone=backbone)
    described = read_description(weights)
    assert set(described) >= CONTRACT
    assert not {"class", "approach"} & set(described)
    assert (described["seed"], described["member_seed"]) == (1, 7)
    assert described["recipe"]["class_order"] == "taken on trust"
    member, images = load_member(weights), read_images(validation, torch.device("cpu"))
    logits = member(images.images.permute(0, 3, 1, 2) / 255)
    right = [int(values.argmax()) == int(label) for values, label in zip(logits, images.labels, strict=True)]
    assert described["validation_accuracy"] == sum(right) / 40
    loss = -torch.log_softmax(logits, 1)[torch.arange(40), images.labels].mean()
    assert described["validation_loss"] == pytest.approx(loss.item(), rel=1e-4)
    assert read_description(backbone)["recipe"] == {"pretrained": str(foreign)}


def test_evaluation_takes_batches_within_the_budget(files, monkeypatch):
    monkeypatch.setattr("heterodox.networks.loading.LARGEST_BATCH", 16)
    sizes = []
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    network.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    member = Member(network, [0.3], [0.2], (8, 8))
    with ImageFile(files["validation"]) as file:
        streamed = accuracy_and_loss_of_file(member, file)
    assert streamed == accuracy_and_loss(member, read_images(files["validation"], torch.device("cpu")))
    assert sizes == [16, 16, 8] * 2


def test_a_probed_member_keeps_the_history_of_its_backbone(files, tmp_path):
    backbone, weights = tmp_path / "backbone.safetensors", tmp_path / "member.safetensors"
    job = spec("dino", "resnet", pretraining={**SHORT, "local_views": 0, "outputs": 16})
    run("pretrain_backbone", spec=job, train=files["train"], backbone=backbone, state=tmp_path / "state.pt")
    run(
        "probe_member",
        spec=spec("dino", "resnet", recipe={}),
        backbone=backbone,
        weights=weights,
        **files,
    )
    described = read_description(weights)
    assert set(described) >= CONTRACT
    assert described["history"] == read_description(backbone)["history"]
    assert described["pretraining"]["outputs"] == 16
    measured = accuracy_and_loss(load_member(weights), read_images(files["validation"], torch.device("cpu")))
    assert measured["validation_accuracy"] == described["validation_accuracy"] > 0.6
    json.dumps(described, allow_nan=False)
