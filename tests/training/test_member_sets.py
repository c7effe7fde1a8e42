"""The scripts from annotated images to members: backbone, features, heads, fine-tuned members, multi-task networks."""

import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from heterodox.errors import UserError
from heterodox.networks.heads import load_heads, load_trunk
from heterodox.networks.multitask import load_multitasks
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.features import FeatureFile
from heterodox.storage.members import read_description
from tests.programs import run_here, started
from tests.training.annotated_toy import write_toy

SHORT = {"epochs": 3, "batch_size": 16, "learning_rate": 0.01}
SET = {
    "task": "side",
    "strategy": "random_heads",
    "members": 3,
    "trunk": "frozen",
    "head": [8],
    "pool": 2,
    "recipe": SHORT,
}
SIDE = {"source": "toy", "attribute": "side", "presence": []}
MARKS = {"source": "toy", "attribute": None, "presence": ["dot", "bar"]}
MULTITASK = {
    **{"levels": ["family", "species"], "attributes": ["side"], "presence": ["dot"], "weights": {"marks": 2.0}},
    **{"seeds": [1, 2], "head": [], "pool": 1, "recipe": SHORT},
}


def spec(wildcards: dict[str, str], **config: Any) -> dict[str, Any]:
    return {"wildcards": wildcards, "config": {"dataset": "toy", "seed": 1, **config}, "code": "0"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums are split among threads, so equal bytes need equal numbers of them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return files of toy images, a backbone trained on their classes, and features by it."""
    folder = tmp_path_factory.mktemp("study")
    files = {
        "train": write_toy(folder / "train.h5", 96, 1, unknown=5),
        "validation": write_toy(folder / "validation.h5", 40, 2),
        "test": write_toy(folder / "test.h5", 40, 3),
    }
    backbone = {"arch": "vgg", "model": "small", "source": "toy", "pretrained": False, "recipe": SHORT | {"epochs": 4}}
    files |= {"backbone": folder / "vgg.safetensors", "state": folder / "state"}
    images = {split: files[split] for split in ("train", "validation")}
    state = {"state": folder / "vgg.pt"}
    job = spec({"backbone": "vgg"}, backbone=backbone)
    run_here("train_explained_backbone", {"spec": job, "weights": files["backbone"], **images, **state})
    for split in images:
        job = spec({"backbone": "vgg", "source": "toy", "split": split, "pool": "2"})
        values = {"backbone": files["backbone"], "images": files[split], "state": folder / "state" / f"{split}.h5"}
        files[f"{split}_features"] = folder / f"{split}-2.h5"
        run_here("extract_trunk_features", {"spec": job, "features": files[f"{split}_features"], **values})
    return files


def arguments(study: dict[str, Path], folder: Path, learned: dict[str, Any] = SIDE, **changes: Any) -> dict[str, Any]:
    entry = SET | changes
    frozen = entry["trunk"] == "frozen"
    return {
        "spec": spec({"member_set": "toy"}, member_set=entry, task=learned),
        **{name: study[name] for name in ("backbone", "train", "validation")},
        "features": [study["train_features"], study["validation_features"]] if frozen else [],
        "weights": folder / "set.safetensors",
        "state": folder / "state",
        "state_seconds": 0.0,
    }


def accuracy(member: torch.nn.Module, path: Path, attribute: str) -> float:
    with AnnotatedFile(path) as images:
        pixels = torch.from_numpy(images.images()).permute(0, 3, 1, 2) / 255
        return float((member(pixels).argmax(1).numpy() == images.attribute(attribute)).mean())


def test_features_are_the_means_of_the_trunks_maps(study: dict[str, Path]) -> None:
    trunk, _ = load_trunk(study["backbone"])
    with AnnotatedFile(study["train"]) as images, FeatureFile(study["train_features"]) as file:
        pixels = torch.from_numpy(images.images()).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            expected = adaptive_avg_pool2d(trunk(pixels), 2).flatten(1)
        np.testing.assert_allclose(file.features(), expected, atol=1e-5)
        np.testing.assert_array_equal(file.index, images.index)
        assert (file.backbone.arch, file.backbone.layer) == ("vgg", "maps in 2 x 2 parts")


@pytest.mark.parametrize("strategy", ["random_heads", "leave_one_bucket_out", "bagging"])
def test_heads_on_a_frozen_trunk_learn_and_are_measured(strategy: str, study: dict[str, Path], tmp_path: Path) -> None:
    values = arguments(study, tmp_path, strategy=strategy, recipe=SHORT | {"epochs": 12})
    run_here("train_member_set", values)
    ensemble = load_heads(values["weights"])
    assert (len(ensemble.members), ensemble.outputs, ensemble.multi_label) == (3, ["left", "right"], False)
    found = [accuracy(member, study["validation"], "side") for member in ensemble.members]
    assert ensemble.description["validation_accuracies"] == pytest.approx(found)
    assert min(found) > 0.9
    logits = [member(torch.zeros(1, 3, 16, 16)) for member in ensemble.members]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)
    assert not (tmp_path / "state" / "heads.pt").exists()


def test_fine_tuned_members_learn_which_marks_are_there(study: dict[str, Path], tmp_path: Path) -> None:
    recipe = SHORT | {"epochs": 12, "flip": True}
    values = arguments(study, tmp_path, MARKS, task="marks", trunk="fine_tuned", members=2, recipe=recipe)
    run_here("train_member_set", values)
    ensemble = load_heads(values["weights"])
    assert (ensemble.outputs, ensemble.multi_label) == (["dot", "bar"], True)
    with AnnotatedFile(study["validation"]) as images:
        pixels = torch.from_numpy(images.images()).permute(0, 3, 1, 2) / 255
        dots = images.masks("dot").any((1, 2))
    for member, noted in zip(ensemble.members, ensemble.description["validation_accuracies"], strict=True):
        says = member(pixels).numpy() > 0
        found = ((says[:, 0] == dots).mean() + says[:, 1].mean()) / 2
        assert noted == pytest.approx(found)
        assert found > 0.9
    assert ensemble.members[0].trunk is not ensemble.members[1].trunk
    assert not list((tmp_path / "state").iterdir())


def kill_after(script: str, values: dict[str, Any], appears: Path, times: int) -> None:
    """Start the script and kill it when the file has been replaced that often."""
    with started(script, values, Path(os.devnull)) as process:
        versions: set[int] = set()
        while len(versions) < times and process.poll() is None:
            if appears.exists():
                versions.add(appears.stat().st_mtime_ns)
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("program", ["train_member_set", "train_multitask"])
def test_a_killed_training_ends_with_the_bytes_of_an_uninterrupted_one(
    program: str, study: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    several = program == "train_multitask"
    make, epochs = (multitask_arguments, 2) if several else (arguments, 40)
    changes = {"recipe": SHORT | {"epochs": epochs}}
    # Of several networks, the second: the first is finished then, and is not trained again.
    second = "2.pt" if several else "heads.pt"
    killed = make(study, tmp_path / "parts", **changes)
    kill_after(program, killed, killed["state"] / second, 3)
    assert not killed["weights"].exists()
    run_here(program, killed)
    assert "goes on in epoch" in caplog.text
    whole = make(study, tmp_path / "whole", **changes)
    run_here(program, whole)
    for suffix in (".safetensors", ".json"):
        parts = [values["weights"].with_suffix(suffix).read_bytes() for values in (killed, whole)]
        assert parts[0] == parts[1]
    assert not list(killed["state"].iterdir())


def multitask_arguments(study: dict[str, Path], folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "spec": spec({}, multitask=MULTITASK | changes),
        **{name: study[name] for name in ("backbone", "train", "validation")},
        "weights": folder / "multitask.safetensors",
        "state": folder / "state",
        "state_seconds": 0.0,
    }


def test_multitask_networks_learn_every_task_and_each_head_is_measured(study: dict[str, Path], tmp_path: Path) -> None:
    values = multitask_arguments(study, tmp_path, recipe=SHORT | {"epochs": 8})
    run_here("train_multitask", values)
    files = {"table": tmp_path / "heads.csv", "page": tmp_path / "heads.html"}
    run_here("evaluate_multitask", {"spec": {}, "weights": values["weights"], "images": study["test"], **files})
    table = pd.read_csv(files["table"]).set_index("head")
    assert table["kind"].to_dict() == {"family": "class", "species": "class", "side": "attribute", "marks": "attribute"}
    assert table["outputs"].to_dict() == {"family": 2, "species": 4, "side": 2, "marks": 1}
    assert (table["accuracy"] > 0.85).all()
    stored = load_multitasks(values["weights"])
    found = np.mean([accuracy(network.member("side"), study["test"], "side") for network in stored.networks])
    assert table.loc["side", "accuracy"] == pytest.approx(found)
    with AnnotatedFile(study["test"]) as images:
        share = images.attribute("side").mean()
        commonest = np.bincount(images.labels).max() / len(images)
    assert table.loc["side", "baseline"] == pytest.approx(max(share, 1 - share))
    assert table.loc["species", "baseline"] == pytest.approx(commonest)
    assert stored.description["weights"] == {"marks": 2.0}
    with pytest.raises(
        UserError, match="task eye: the network was not taught it; it knows family, species, side, marks"
    ):
        stored.networks[0].member("eye")


def test_what_a_user_can_get_wrong_is_one_line(study: dict[str, Path], tmp_path: Path) -> None:
    unknown = write_toy(tmp_path / "unknown.h5", 10, 1, unknown=10)
    for changes, files, fault in [
        ({"recipe": SHORT | {"flip": True}}, {}, "a frozen trunk's features are computed once"),
        ({"members": 1, "strategy": "leave_one_bucket_out"}, {}, "1 members cannot each leave out one bucket of 91"),
        ({"recipe": {"epoch": 1}}, {}, "member_sets.toy: recipe: unknown key epoch"),
        ({}, {"validation": study["test"]}, "its images are not those of"),
        ({"trunk": "fine_tuned"}, {"train": unknown}, "of no image side is known"),
    ]:
        values = arguments(study, tmp_path, **changes) | files
        with pytest.raises(UserError, match=fault) as caught:
            run_here("train_member_set", values)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="there is no attribute bill; it has side, family"):
        run_here("train_member_set", arguments(study, tmp_path, SIDE | {"attribute": "bill"}))


def test_a_backbone_is_an_ordinary_member(study: dict[str, Path]) -> None:
    described = read_description(study["backbone"])
    assert described["classes"] == ["left dark", "left light", "right dark", "right light"]
    assert described["validation_accuracy"] > 0.5
    json.dumps(described)
