"""Maps of networks with several heads: each is the average of the maps that the networks' heads have by themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.explain import multitask
from heterodox.explain.averaging import averaged
from heterodox.explain.interface import load
from heterodox.explain.sets import as_pixels
from heterodox.networks.multitask import load_multitasks
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.rows import State
from tests.user_study.networks import write_birds, write_multitask

QUESTIONS = ["species", "wing", "cap"]
CONFIG = {"questions": QUESTIONS, "method": "grad_cam", "target": "true", "seed": 1, "memory_megabytes": 64}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("multitask")
    write_multitask(folder / "networks.safetensors", write_birds(folder / "images.h5", 5))
    return folder


def explained(made: Path, name: str, **changes) -> Path:
    path = made / f"{name}.h5"
    state = State(made / f"{name}-state.h5", name)
    rows = np.array([0, 2, 3])
    multitask.explain_images(CONFIG | changes, made / "networks.safetensors", made / "images.h5", rows, path, state)
    return path


def test_each_map_is_the_average_of_what_each_network_says_by_itself(made: Path) -> None:
    networks = load_multitasks(made / "networks.safetensors").networks
    method = load("grad_cam", seed=1)
    with AnnotatedFile(made / "images.h5") as images, MapFile(explained(made, "true")) as file:
        assert json.loads(file.attributes["questions"]) == QUESTIONS
        pixels = as_pixels(images.at([2]), "cpu")
        wing, cap = images.attribute("wing")[2], images.attribute("cap")[2]
        found = file.maps(3, 6)[:, 0]  # three questions of the second image
        assert file.targets[3:6, 0].tolist() == [images.labels[2], wing, cap]
        assert file.labels[3:6].tolist() == [images.labels[2], wing, cap]
    for place, (task, target) in enumerate({"species": None, "wing": wing}.items()):
        target = torch.tensor([target if target is not None else int(file.labels[3])])
        own = [method(network.member(task), pixels, target)[0, 0].numpy() for network in networks]
        np.testing.assert_allclose(found[place], averaged(np.stack(own)), atol=2e-3)


def test_a_mark_that_is_there_is_explained_by_its_own_logit(made: Path) -> None:
    networks = load_multitasks(made / "networks.safetensors").networks
    with AnnotatedFile(made / "images.h5") as images, MapFile(explained(made, "marks", questions=["crest"])) as file:
        pixels = as_pixels(images.at([3]), "cpu")
        found, present = file.maps(2, 3)[0, 0], int(file.targets[2, 0])
    # Present: the mark's logit; absent: that of the other class, which is always 0 and has no map.
    own = [load("grad_cam")(network.member("marks"), pixels, torch.tensor([0]))[0, 0].numpy() for network in networks]
    np.testing.assert_allclose(found, averaged(np.stack(own)) if present else 0, atol=2e-3)


def test_predicted_answers_have_the_largest_mean_probability(made: Path) -> None:
    networks = load_multitasks(made / "networks.safetensors").networks
    with AnnotatedFile(made / "images.h5") as images, MapFile(explained(made, "predicted", target="predicted")) as file:
        pixels = as_pixels(images.at([0, 2, 3]), "cpu")
        wings, caps = [], []
        with torch.no_grad():
            for network in networks:
                wings.append(network.member("wing")(pixels).softmax(1))
                caps.append(network.member("marks")(pixels)[:, 1].sigmoid())
        assert file.targets[1::3, 0].tolist() == torch.stack(wings).mean(0).argmax(1).tolist()
        assert file.targets[2::3, 0].tolist() == (torch.stack(caps).mean(0) > 0.5).long().tolist()
        np.testing.assert_array_equal(file.labels[1::3], images.attribute("wing")[[0, 2, 3]])


def test_an_unknown_question_lists_the_known_ones(made: Path) -> None:
    with pytest.raises(UserError, match="task beak: the networks were not taught it; they know species, bill, wing"):
        explained(made, "unknown", questions=["beak"])
