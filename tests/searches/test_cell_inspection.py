"""Inspecting and repairing cells: blocks, whom to repair, trials that are not run twice."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks.activations import layers_of
from heterodox.networks.cell_networks import CellNetwork, Skeleton
from heterodox.searches import cell_evaluation
from heterodox.searches.cell_inspection import accuracy_on, block_of, chosen_for_repair, inspect_cell, repaired
from heterodox.searches.cells import CellTraining
from tests.figures.cells import inspections

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "resources/fashion_mnist_small"
CONFIG = {
    "dataset": "tiny",
    "seed": 1,
    "space": {"cells_per_stack": 1, "width": 2},
    "recipe": {"epochs": 1, "batch_size": 20, "precision": "float32"},
    "images": {"train": 60, "validation": 40},
    "introspectability": {
        "layers": ["convolutions", "activations"],
        "classes": "true",
        "wordnet": False,
        "wordnet_folder": "",
        "wordnet_synsets": "",
    },
    "regulariser": 0.5,
    "repair": {"epochs": 1, "learning_rate": 0.001, "weight": 25, "trials": 2},
}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import json

    weights = tmp_path_factory.mktemp("member") / "cell_01.safetensors"
    training = CellTraining.from_config(CONFIG, DATA / "train.h5", DATA / "validation.h5")
    found = training.trained((0, 4, 1, 2, 3, 0), weights=weights)
    path = weights.with_suffix(".json")
    described = json.loads(path.read_text()) | {"genome": found["cell"], "objective": found["introspectability"]}
    path.write_text(json.dumps(described))
    return weights


def test_a_member_whose_training_diverges_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loss = cell_evaluation.CellSupervision.loss
    monkeypatch.setattr(cell_evaluation.CellSupervision, "loss", lambda *arguments: loss(*arguments) * math.inf)
    training = CellTraining.from_config(CONFIG, DATA / "train.h5", DATA / "validation.h5")
    with pytest.raises(UserError, match=r"cannot be a member: .*the loss is no longer finite") as caught:
        training.trained((0, 4, 1, 2, 3, 0), weights=tmp_path / "cell_01.safetensors")
    assert "\n" not in str(caught.value)


def test_every_layer_of_a_network_belongs_to_a_block() -> None:
    network = CellNetwork((0, 0, 1, 2, 1, 0), Skeleton(2, 2), 1, 10)
    blocks = list(dict.fromkeys(block_of(name) for name in layers_of(network)))
    stacks = [f"stack {stack} cell {cell}" for stack in (1, 2, 3) for cell in (1, 2)]
    assert sorted(blocks) == sorted(["stem", "output", "reduction 1", "reduction 2", *stacks])


def test_the_most_introspectable_of_the_more_accurate_half_is_repaired() -> None:
    cells = inspections(4, 20)  # accuracy falls and introspectability rises from the first to the last
    assert chosen_for_repair(cells) == "cell_02"


def test_inspection_is_the_direct_computation(member: Path) -> None:
    """All activations of every image in one matrix, against the streamed distances."""
    from heterodox.networks.loading import load_member
    from heterodox.searches.cell_evaluation import normalised_batches, read_cell_data
    from heterodox.training.images import read_images

    one = inspect_cell(member, DATA / "train.h5", DATA / "validation.h5", DATA / "test.h5", CONFIG, CPU)
    loaded = load_member(member)
    data = read_cell_data(
        {"train": str(DATA / "train.h5"), "validation": str(DATA / "validation.h5"), "images": CONFIG["images"]}, CPU
    )

    def activations(images, count):
        seen = []
        handles = [
            layer.register_forward_hook(
                lambda module, inputs, output: seen.append((module, output.flatten(1).double()))
            )
            for layer in layers_of(loaded.network).values()
        ]
        with torch.no_grad():
            loaded.network(next(iter(normalised_batches(loaded, images)))[:count])
        for handle in handles:
            handle.remove()
        return torch.cat([values * getattr(layer, "copies", 1) ** 0.5 for layer, values in seen], 1).numpy()

    train = activations(data.train, 60)
    means = np.stack([train[data.train.labels.numpy() == label].mean(axis=0) for label in range(10)])
    test = activations(read_images(DATA / "test.h5", CPU), 25)
    cosine = (test @ means.T) / np.outer(np.linalg.norm(test, axis=1), np.linalg.norm(means, axis=1))
    assert one.distances[:25] == pytest.approx(1 - cosine, abs=1e-5)
    assert one.gram == pytest.approx(means @ means.T, rel=1e-6)
    assert len(one.labels) == 2000


def test_finished_trials_are_not_run_again(member: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heterodox.searches import cell_inspection

    files = {"train": DATA / "train.h5", "validation": DATA / "validation.h5", "test": DATA / "test.h5"}
    whole = repaired(member, files, CONFIG, CPU, tmp_path / "a", "name", 30)
    trained = cell_inspection.train_cell
    calls = []

    def stop(*arguments):
        calls.append(arguments[4])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return trained(*arguments)

    monkeypatch.setattr(cell_inspection, "train_cell", stop)
    with pytest.raises(KeyboardInterrupt):
        repaired(member, files, CONFIG, CPU, tmp_path / "b", "name", 30)
    again = repaired(member, files, CONFIG, CPU, tmp_path / "b", "name", 30)
    assert calls == ["repair 1", "repair 2", "repair 2"]
    # A kill before the whole is written costs nothing either.
    once_more = repaired(member, files, CONFIG, CPU, tmp_path / "b", "name", 30)
    assert calls == ["repair 1", "repair 2", "repair 2"]
    assert np.array_equal(once_more.repaired_predictions, whole.repaired_predictions)
    assert np.array_equal(again.repaired_predictions, whole.repaired_predictions)
    assert np.array_equal(again.repaired_distances, whole.repaired_distances)
    assert whole.repaired_distances.shape == (2, 10, 10)
    assert not np.array_equal(whole.repaired_distances[0], whole.repaired_distances[1])
    low, high = whole.pair
    assert (whole.distances[low, high] <= whole.distances[~np.eye(10, dtype=bool)]).all()


def test_accuracy_on_test_images_is_that_of_the_inspection(member: Path) -> None:
    accuracy, images = accuracy_on(member, DATA / "test.h5", CPU)
    one = inspect_cell(member, DATA / "train.h5", DATA / "validation.h5", DATA / "test.h5", CONFIG, CPU)
    assert (accuracy, images) == (one.correct.mean(), 2000)
