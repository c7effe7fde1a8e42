"""One evaluation of a cell: what it returns, that it can be repeated, and that it is a member afterwards."""

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.metrics.introspectability import introspectability
from heterodox.networks.activations import class_means
from heterodox.networks.loading import load_member, parameter_count
from heterodox.searches import cell_evaluation
from heterodox.searches.cell_evaluation import evaluate_cell
from heterodox.storage.images import write_images
from heterodox.storage.members import read_description
from heterodox.streams import stream
from heterodox.training.images import read_images
from heterodox.training.state import StateFile
from tests.storage.wordnet_files import write_wordnet

CELL = (0, 4, 2, 1, 2, 0)
RECIPE = {"epochs": 3, "batch_size": 10, "cutout": 2, "shift": 0, "flip": False}
SKELETON = {"cells_per_stack": 1, "width": 4}
TIMINGS = {"seconds", "processor_seconds", "images_per_second"}
CLASSES = ["Doggy", "Pussy cat", "Top"]


def write_striped(path: Path, count: int, seed: int) -> Path:
    """Three classes, told apart by the columns that are bright."""
    labels = np.arange(count) % 3
    images = stream(seed, "striped images").integers(0, 160, (count, 8, 8, 1))
    for label in range(3):
        images[labels == label, :, label::3] += 90
    with write_images(path, (8, 8, 1), labels, np.arange(count), CLASSES) as writer:
        writer.append(images.astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    train = write_striped(folder / "train.h5", 90, 1)
    return {"train": str(train), "validation": str(write_striped(folder / "val.h5", 33, 2)), "dataset": "striped"}


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wordnet")
    (folder / "maps").mkdir()
    (folder / "maps" / "a.csv").write_text("class,synset\nDoggy,dog.n.01\nPussy cat,cat.n.01\nTop,t-shirt.n.01\n")
    return {"folder": str(write_wordnet(folder / "files")), "synsets": str(folder / "maps")}


def evaluated(encoding, data, seed=1, **further):
    return evaluate_cell(encoding, data, further.pop("recipe", RECIPE), seed, SKELETON, **further)


def without_timings(result):
    return {name: value for name, value in result.items() if name not in TIMINGS}


def test_the_result_is_plain_and_the_same_again(data):
    first, again = evaluated(CELL, data), evaluated(CELL, data)
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert without_timings(first) == without_timings(again)
    assert all(first[name] > 0 for name in TIMINGS)
    assert first["encoding"] == list(CELL)
    assert first["accuracy"] > 0.4  # chance is 1/3
    assert evaluated(CELL, data, seed=2)["loss"] != first["loss"]
    assert pickle.loads(pickle.dumps(evaluate_cell)) is evaluate_cell  # noqa: S301  how processes hand it on


def test_the_regulariser_looks_at_the_studys_layers(data):
    kinds = (["activations"], ["convolutions"])
    plain = [evaluated(CELL, data, layers=layers)["loss"] for layers in kinds]
    steered = [
        evaluated(CELL, data, layers=layers, recipe=RECIPE | {"regularisation": 1.0})["loss"] for layers in kinds
    ]
    assert plain[0] == plain[1]
    assert steered[0] != steered[1]


def test_cells_of_one_function_have_one_result(data):
    same = [(0, 3, 3, 3, 4, 3), (4, 3, 0, 3, 3, 4), (3, 0, 3, 3, 3, 4)]  # one 3x3 convolution, reached in three ways
    results = [without_timings(evaluated(encoding, data)) for encoding in same]
    for result in results:
        for name in ("encoding", "cell", "published_parameters"):  # these tell how it is written
            result.pop(name)
    assert results[0] == results[1] == results[2]


def test_a_member_is_written_that_others_can_load_and_measure(data, wordnet, tmp_path):
    weights = tmp_path / "cell_01.safetensors"
    result = evaluated(CELL, data, weights=weights, wordnet=wordnet)
    member, images = load_member(weights), read_images(Path(data["validation"]), torch.device("cpu"))
    with torch.no_grad():
        seen = images.images.permute(0, 3, 1, 2) / 255
        predictions = member(seen).argmax(1)
    assert float((predictions == images.labels).double().mean()) == result["accuracy"]
    assert parameter_count(member.network) == result["parameters"]
    labelings = [images.labels, predictions]
    found = class_means(member.network, member.normalised(seen).split(7), labelings, 3)
    similarities = np.array([[1, 1 / 5, 1 / 7], [1 / 5, 1, 1 / 8], [1 / 7, 1 / 8, 1]])
    for suffix, means in zip(("", "_predicted"), found, strict=True):
        distances = means.distances()
        assert result[f"introspectability{suffix}"] == pytest.approx(introspectability(distances), rel=1e-4)
        weighted = introspectability(distances, similarities)
        assert result[f"introspectability_wordnet{suffix}"] == pytest.approx(weighted, rel=1e-4)
    described = read_description(weights)
    assert (described["arch"], described["member"], described["dataset"]) == ("cell", "cell_01", "striped")
    assert described["model"] == "0-4-2-1-2-0 cells=1 width=4"
    assert described["validation_accuracy"] == result["accuracy"]
    assert not TIMINGS & described.keys()


def test_fewer_images_are_the_first_of_every_class(data):
    images = cell_evaluation.read_cell_data(data | {"images": {"train": 30, "validation": None}}, torch.device("cpu"))
    assert (len(images.train), len(images.validation)) == (30, 33)
    whole = read_images(Path(data["train"]), torch.device("cpu"))
    assert torch.equal(images.train.images, whole.images[:30])
    uneven = cell_evaluation._share(
        type(whole)(whole.images[:9], torch.tensor([0, 0, 0, 0, 1, 2, 2, 1, 0]), CLASSES), 5
    )
    assert uneven.labels.tolist() == [0, 0, 1, 2, 2]  # the first of each class, then the second of 0 and of 2
    part = evaluated(CELL, data | {"images": {"train": 30}})
    assert part["loss"] != evaluated(CELL, data)["loss"]


def test_the_recipes_threads_are_used_and_given_back(data, monkeypatch):
    used = []
    monkeypatch.setattr(cell_evaluation, "train_cell", lambda *_, **__: used.append(torch.get_num_threads()) or 1 / 0)
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        evaluated(CELL, data, recipe=RECIPE | {"threads": before + 1})
    assert used == [before + 1]
    assert torch.get_num_threads() == before


def test_a_training_that_diverges_is_a_result_without_objectives(data, monkeypatch):
    loss = cell_evaluation.CellSupervision.loss
    monkeypatch.setattr(cell_evaluation.CellSupervision, "loss", lambda *arguments: loss(*arguments) * math.inf)
    result = evaluated(CELL, data)
    assert (result["accuracy"], result["introspectability"]) == (None, None)
    assert "the loss is no longer finite in epoch 1" in result["fault"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_an_evaluation_that_is_warned_goes_on_from_its_state(data, tmp_path, monkeypatch):
    expected = without_timings(evaluated(CELL, data))
    state = StateFile(tmp_path / "state.pt", "cell", math.inf)
    asked = iter([False] * 12 + [True])  # the thirteenth batch, in the second epoch of nine
    with monkeypatch.context() as patched:
        patched.setattr(preemption, "requested", lambda: next(asked))
        with pytest.raises(SystemExit):
            evaluated(CELL, data, state=state)
    assert state.path.exists()
    assert without_timings(evaluated(CELL, data, state=state)) == expected
    assert not state.path.exists()


def test_faults_are_one_line_each(data, wordnet):
    for changes, message in [
        ({"wordnet": wordnet | {"folder": "/nowhere"}}, "no WordNet here"),
        ({"recipe": {"colour": 1}}, "unknown key colour"),
        ({"layers": ["pools"]}, "'pools' is unknown"),
    ]:
        with pytest.raises(UserError, match=message) as caught:
            evaluated(CELL, data, **changes)
        assert "\n" not in str(caught.value)
    for encoding, message in [((0, 0, 3, 3, 3, 3), "no path leads"), ((5,) * 6, r"six integers 0\.\.4")]:
        with pytest.raises(UserError, match=message):
            evaluated(encoding, data)
