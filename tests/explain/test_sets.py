import json

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.explain import interface, sets
from heterodox.explain.wrapping import OneNetwork
from heterodox.networks.heads import load_heads
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import AnswerFile, MapFile
from heterodox.storage.rows import State
from tests.explain.annotated import BILL, MARKS, PARTS, make_images, make_members


@pytest.fixture
def folder(tmp_path):
    make_images(tmp_path / "images.h5")
    make_members(tmp_path / "members.safetensors")
    return tmp_path


def explained(folder, method="saliency", task=BILL, images=100, weights="members", **changes):
    config = {"task": task, "images": images, "seed": 1, "memory_megabytes": 64, "signed": False, "layer": None}
    config |= {"consensus": [], "draws": 3}
    wildcards = {"member_set": "set", "method": method}
    path = folder / f"{method}.h5"
    state = State(folder / "state.h5", "ours", seconds=0.0)
    sets.explain_set(
        {"wildcards": wildcards, "config": config | changes},
        folder / f"{weights}.safetensors",
        folder / "images.h5",
        path,
        state,
    )
    return MapFile(path)


def pixels_of(folder, rows):
    with AnnotatedFile(folder / "images.h5") as images:
        return sets.as_pixels(images.at(rows)), [str(identity) for identity in images.index[rows]]


def close(found, expected):
    """Float16 keeps three digits of each map's own largest value."""
    expected = expected.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("method", ["saliency", "grad_cam", "gradient_shap-3", "lime-20"])
def test_members_maps_are_the_methods_with_colours_summed(folder, method):
    with explained(folder, method) as found:
        assert found.rows.tolist() == [0, 2, 3, 4, 5, 6, 7]  # nobody knows the bill of image 1
        assert found.labels.tolist() == [0, 2, 0, 1, 2, 0, 1]
        pixels, keys = pixels_of(folder, found.rows)
        members = load_heads(folder / "members.safetensors").members
        for place, member in enumerate(members):
            expected = interface.load(method, seed=1)(member, pixels, torch.from_numpy(found.labels), keys).sum(1)
            assert expected.any()
            close(found.maps()[:, place], expected)


def test_an_ensemble_is_explained_as_one_network(folder):
    kinds = ["mean_logit", "mean_probability"]
    with explained(folder, consensus=kinds) as found:
        assert found.explained == ["member"] * 3 + kinds
        pixels, _ = pixels_of(folder, found.rows)
        for kind in kinds:
            network = OneNetwork(load_heads(folder / "members.safetensors").members, kind)
            maps = interface.load("saliency")(network, pixels, torch.from_numpy(found.labels)).sum(1)
            close(found.maps(kind=kind)[:, 0], maps)


def test_draws_are_one_member_with_other_draws_and_the_first_are_its_own(folder):
    with explained(folder, "gradient_shap-3") as found:
        assert found.explained == ["member"] * 3 + ["draws"] * 3
        members, draws = found.maps(), found.maps(kind="draws")
        np.testing.assert_array_equal(draws[:, 0], members[:, 0])
        assert not np.allclose(draws[:, 1], members[:, 0])
        assert not np.allclose(draws[:, 1], members[:, 1])
    with explained(folder, "saliency") as found:
        assert found.kinds == ["member"]  # nothing is drawn


def test_one_member_is_explained_as_often_as_other_sets_have_members(folder):
    make_members(folder / "one.safetensors", count=1)
    with explained(folder, "gradient_shap-3", weights="one", draws=4) as found:
        assert found.explained == ["member"] + ["draws"] * 4
        pixels, keys = pixels_of(folder, found.rows)
        member = load_heads(folder / "one.safetensors").members[0]
        for place in range(4):
            method = interface.load("gradient_shap-3", seed=1, repetition=place)
            close(
                found.maps(kind="draws")[:, place], method(member, pixels, torch.from_numpy(found.labels), keys).sum(1)
            )


def test_every_part_that_an_image_shows_is_a_case(folder):
    make_members(folder / "marks.safetensors", outputs=PARTS)
    with explained(folder, task=MARKS, weights="marks") as found:
        expected = [(row, label) for row in range(8) for label in ((0, 1) if row % 2 == 0 else (0,))]
        assert list(zip(found.rows, found.labels, strict=True)) == expected
        assert (found.targets == found.labels[:, None]).all()
        assert found.attributes["empty_masks"] == 4  # the wings of images 1, 3, 5 and 7


def test_empty_masks_are_counted_on_the_images_of_the_set_alone(folder):
    with AnnotatedFile(folder / "images.h5") as images:
        assert sets.empty_masks(images, MARKS, np.array([0, 1, 3])) == 2  # two wings of six masks
        assert sets.empty_masks(images, MARKS, np.array([0, 2])) == 0
        assert sets.empty_masks(images, BILL | {"part": "wing"}, np.arange(8)) == 4
        assert sets.empty_masks(images, BILL | {"part": "foot"}, np.arange(8)) == 0  # key points at most


def test_where_nobody_knows_the_attribute_members_explain_their_own_class(folder):
    make_images(folder / "images.h5", values={})
    with explained(folder, task=BILL | {"evaluated_on": "elsewhere"}) as found:
        assert (found.labels == -1).all()
        pixels, _ = pixels_of(folder, found.rows)
        for place, member in enumerate(load_heads(folder / "members.safetensors").members):
            assert found.targets[:, place].tolist() == member(pixels).argmax(1).tolist()
    with pytest.raises(UserError, match=r"images\.h5: there is no attribute bill; it has none$"):
        explained(folder)


def test_images_are_chosen_by_identity(folder):
    with explained(folder, images=4) as few, explained(folder, images=7) as more:
        assert set(few.index) < set(more.index)
        assert len(few) <= 4


def test_a_killed_job_goes_on_and_ends_the_same(folder, monkeypatch):
    monkeypatch.setattr(sets, "RESULT_BYTES", 2 * 4 * 3 * 32 * 32 * 3)  # two cases at a time
    with explained(folder, "gradient_shap-3") as found:
        whole = found.maps()
    calls, original = [], sets._targets

    def fail_later(*arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(sets, "_targets", fail_later)  # twice for each piece
    path = folder / "gradient_shap-3.h5"
    path.unlink()
    with pytest.raises(KeyboardInterrupt):
        explained(folder, "gradient_shap-3")
    assert not path.exists()
    assert State(folder / "state.h5", "ours").rows() == 4
    with explained(folder, "gradient_shap-3") as found:
        np.testing.assert_array_equal(found.maps(), whole)


def test_answers_are_the_members_logits(folder):
    spec = {"wildcards": {"member_set": "set"}}
    weights, images, path = folder / "members.safetensors", folder / "images.h5", folder / "answers.h5"
    sets.answer_set(spec, weights, images, path, State(folder / "state.h5", "ours"))
    pixels, _ = pixels_of(folder, np.arange(8))
    with AnswerFile(path) as answers:
        assert json.loads(answers.attributes["outputs"]) == ["short", "medium", "long"]
        for place, member in enumerate(load_heads(weights).members):
            np.testing.assert_allclose(answers.logits()[:, place], member(pixels).numpy(), rtol=1e-5, atol=1e-5)


def test_an_unknown_layer_is_one_line(folder):
    with pytest.raises(UserError, match=r"^layer nowhere: no layer is called so; known are network"):
        explained(folder, "grad_cam", layer="nowhere")


def test_one_member_is_a_set_too(folder):
    make_members(folder / "one.safetensors", count=1)
    with explained(folder, weights="one") as found:
        assert found.shape[0] == 1
