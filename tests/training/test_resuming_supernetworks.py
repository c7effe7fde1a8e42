"""From a trained residual network to its sub-networks on disk, also when SIGKILL ends the jobs in the middle."""

import json
import logging

import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks.loading import load_member, parameter_count
from heterodox.networks.subnetworks import cut, parsed
from heterodox.storage.members import read_description
from heterodox.training.images import pixels, read_images
from heterodox.training.shrinking import Shrinking, calibration_images, recalibrate
from tests.programs import run_here
from tests.training.test_resuming import kill_in_the_middle, one_thread

__all__ = ["one_thread"]  # a fixture that every test here uses
RECIPE = {"learning_rate": 0.003, "batch_size": 16, "epochs": 1, "flip": True, "shift": 1}
SHRINKING = {**RECIPE, "epochs": 2, "width_options": 3, "random_subnetworks": 1, "calibration_images": 48}
SELECTION = {"subnetworks": 3, "candidates": 8, "tolerance": 0.04}


def spec(**config):
    return {"wildcards": {}, "config": {"dataset": "sided", "seed": 1, **config}, "code": "0"}


@pytest.fixture
def trained(files, tmp_path):
    """Return the weights of a residual network."""
    job = spec(member={"arch": "resnet"}, recipe=RECIPE) | {"wildcards": {"member": "toy"}}
    weights = tmp_path / "toy.safetensors"
    run_here("train_member", {"spec": job, **files, "weights": weights, "state": tmp_path / "state" / "toy.pt"})
    return weights


def training(files, member, folder, state):
    target = {"supernetwork": folder / "supernetwork.safetensors", "state": state, "state_seconds": 0.0}
    return {"spec": spec(recipe=SHRINKING), **files, "member": member, **target}


def extraction(files, supernetwork, folder, state, **changes):
    weights = [folder / f"subnet_{place:02}.safetensors" for place in (1, 2, 3)]
    target = {"weights": weights, "record": folder / "record.json", "state": state, "state_seconds": 0.0}
    job = spec(selection={**SELECTION, **changes})
    return {"spec": job, **files, "supernetwork": supernetwork, **target}


def assert_same_files(one, other, count):
    assert len(list(one.iterdir())) == count
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()


def test_a_killed_super_network_and_its_sub_networks_are_those_of_uninterrupted_jobs(files, trained, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    state, whole, parts = tmp_path / "state" / "one.pt", tmp_path / "whole", tmp_path / "parts"
    killed = training(files, trained, parts, state)
    kill_in_the_middle("train_supernetwork", killed)
    assert state.is_file()
    assert not list(parts.glob("*"))
    run_here("train_supernetwork", killed)
    assert "goes on in epoch" in caplog.text
    run_here("train_supernetwork", training(files, trained, whole, tmp_path / "other.pt"))
    assert_same_files(whole, parts, 2)
    supernetwork = whole / "supernetwork.safetensors"
    run_here("extract_subnetworks", extraction(files, supernetwork, whole, tmp_path / "other.pt"))
    killed = extraction(files, parts / "supernetwork.safetensors", parts, state)
    kill_in_the_middle("extract_subnetworks", killed)
    assert state.is_file()
    assert not list(parts.glob("subnet*"))
    run_here("extract_subnetworks", killed)
    assert_same_files(whole, parts, 9)
    assert not state.exists()
    assert_members_are_the_super_networks(files, supernetwork, whole)
    with pytest.raises(
        UserError, match=r"0 of its 1296 configurations lie .* 3 are wanted; a tolerance of 0.239 would"
    ):
        run_here("extract_subnetworks", extraction(files, supernetwork, parts, state, parameters=400_000))


def assert_members_are_the_super_networks(files, supernetwork, folder):
    record = json.loads((folder / "record.json").read_text())
    taken = {entry["member"]: entry for entry in record["candidates"] if entry["member"]}
    assert sorted(taken) == ["subnet_01", "subnet_02", "subnet_03"]
    assert len({entry["configuration"] for entry in record["candidates"]}) == 8
    assert record["configurations_in_window"] >= 8
    images, shown = (read_images(files[name], torch.device("cpu")) for name in ("train", "validation"))
    calibration = calibration_images(images, Shrinking(**SHRINKING), 1)
    for name, entry in taken.items():
        described = read_description(folder / f"{name}.safetensors")
        assert described["model"] == f"small {entry['configuration']}"
        assert described["parameters"] == entry["parameters"]
        assert abs(described["parameters"] - record["parameters"]) <= 0.04 * record["parameters"]
        supernetworks_path = load_member(supernetwork)
        supernetworks_path.network = cut(supernetworks_path.network, parsed(entry["configuration"]))
        recalibrate(supernetworks_path, calibration, 16)
        exported = load_member(folder / f"{name}.safetensors")  # which knows no super-network
        assert parameter_count(exported.network) == entry["parameters"]
        logits, expected = (member(pixels(shown.images)) for member in (exported, supernetworks_path))
        torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-6)
        assert (logits.argmax(1) == shown.labels).double().mean() == entry["validation_accuracy"]
