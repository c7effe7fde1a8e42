import json

import numpy as np
import pytest
import torch
from torch import nn

from heterodox import torchvision_operators
from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.networks.fetching import fetch
from heterodox.storage.members import write_member

DESCRIPTION = {
    "arch": "resnet",
    "model": "small",
    "classes": ["a", "b", "c"],
    "mean": [0.3],
    "std": [0.2],
    "resolution": [28, 28],
    "channels": 1,
}


def job(**entry):
    member = {"arch": "resnet", "model": "resnet18", "seed": 1} | entry
    return {"wildcards": {"member": "m"}, "config": {"dataset": "toy", "seed": 3, "member": member}}


@pytest.fixture
def saved(tmp_path):
    network = loading.build("resnet", (1, 28, 28), 3, seed=3, member="m").train()
    network(torch.rand(16, 1, 28, 28))  # so that the running statistics are not those of a new network
    write_member(tmp_path / "m.safetensors", network.state_dict(), DESCRIPTION)
    return tmp_path / "m.safetensors", network.eval()


def test_a_saved_member_gives_equal_logits(saved):
    weights, network = saved
    member = loading.load_member(weights)
    pixels = torch.rand(5, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(member(pixels), network((pixels - 0.3) / 0.2))
    assert not member.training
    assert not any(parameter.requires_grad for parameter in member.parameters())


def test_a_member_resizes_and_normalises():
    member = loading.Member(nn.Identity(), mean=[0.5, 0.25], std=[0.1, 0.5], resolution=(2, 2))
    pixels = torch.rand(1, 2, 2, 2)
    by_hand = np.stack([(pixels[0, 0] - 0.5) / 0.1, (pixels[0, 1] - 0.25) / 0.5])
    np.testing.assert_allclose(member(pixels)[0], by_hand, rtol=1e-6)
    flat = torch.full((1, 2, 7, 5), 0.75)  # a constant stays itself under any resampling
    np.testing.assert_allclose(member.resized(flat), np.full((1, 2, 2, 2), 0.75), rtol=1e-6)
    # Halving weighs pixels by a triangle that reaches two of them: 3/7, 3/7, 1/7 at the border.
    first_column = torch.zeros(1, 2, 4, 4)
    first_column[:, :, :, 0] = 1
    np.testing.assert_allclose(member.resized(first_column)[0, 0], [[3 / 7, 0], [3 / 7, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arch": "vgg"}, "m.safetensors: does not fit arch vgg"),
        ({"classes": ["a", "b"]}, "does not fit arch resnet .*shape"),
        ({"mean": None}, "lacks 'mean'"),
    ],
)
def test_a_description_that_does_not_fit_is_one_line(saved, change, message):
    weights, _ = saved
    described = {name: value for name, value in (DESCRIPTION | change).items() if value is not None}
    weights.with_suffix(".json").write_text(json.dumps(described))
    with pytest.raises(UserError, match=message) as caught:
        loading.load_member(weights)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_local_file_becomes_a_member(tmp_path, suffix):
    network = loading.build("resnet", (3, 32, 32), 4, "resnet18", seed=9)
    path = tmp_path / f"foreign{suffix}"
    if suffix == ".pth":
        torch.save(network.state_dict(), path)
    else:
        write_member(path, network.state_dict(), {})
    member, described = fetch(job(pretrained=str(path)), (32, 32, 3), list("abcd"))
    member.eval()
    assert described["mean"] == pytest.approx([0.485, 0.456, 0.406])
    assert described["parameters"] == 11_178_564  # ResNet-18 without its head has 11,176,512, and 4 x 513 more
    with torch.no_grad():
        pixels = torch.rand(2, 3, *described["resolution"])
        normalised = (pixels - torch.tensor(described["mean"]).view(3, 1, 1)) / torch.tensor(described["std"]).view(
            3, 1, 1
        )
        torch.testing.assert_close(member(pixels), network.eval()(normalised))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"pretrained": "none.pth"}, "none.pth: there is no such weights file"),
        ({"pretrained": "none.safetensors"}, "none.safetensors: there are no such weights"),
        ({"pretrained": "text.pth"}, "text.pth: not readable as safe torch weights"),
        ({"pretrained": "other.pth"}, "other.pth: does not fit arch resnet"),
        ({"pretrained": "own.pth", "model": "small"}, "says nothing of mean and std"),
    ],
)
def test_foreign_weights_that_cannot_serve_are_one_line(tmp_path, monkeypatch, entry, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.pth").write_text("these are no weights")
    torch.save({"weight": torch.zeros(3)}, "other.pth")
    torch.save(loading.build("resnet", (3, 32, 32), 4).state_dict(), "own.pth")
    with pytest.raises(UserError, match=message) as caught:
        fetch(job(**entry), (32, 32, 3), list("abcd"))
    assert "\n" not in str(caught.value)


def test_a_download_that_fails_is_one_line(monkeypatch):
    def refuse(*names, **settings):
        raise ConnectionError("no route\nto host")

    torchvision_operators.declare()
    monkeypatch.setattr("timm.create_model", refuse)
    with pytest.raises(UserError, match=r"resnet18: no pretrained weights \(no route\)"):
        loading.build("resnet", (3, 32, 32), 1000, "resnet18", pretrained=True)


@pytest.fixture
def no_download(monkeypatch):
    torchvision_operators.declare()
    import timm

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda model, **rest: create(model, **rest | {"pretrained": False}))


@pytest.mark.usefixtures("no_download")
def test_a_fetched_network_must_know_the_classes_and_channels():
    with pytest.raises(UserError, match="pretrained for 1000 classes, the data set has 4"):
        fetch(job(pretrained=True), (32, 32, 3), list("abcd"))
    with pytest.raises(UserError, match="takes 3 channels, not 1"):
        fetch(job(pretrained=True), (32, 32, 1), list("abcd"))


@pytest.mark.usefixtures("no_download")
def test_a_fetched_network_must_know_the_classes_in_their_order():
    from timm.data import ImageNetInfo

    ids = ImageNetInfo("imagenet-1k").label_names()
    assert (len(ids), ids[0], ids[207], ids[-1]) == (1000, "n01440764", "n02099601", "n15075141")  # golden retriever
    numbers = [str(number) for number in range(1000)]
    for classes in (ids, numbers):
        assert fetch(job(pretrained=True), (32, 32, 3), classes)[1]["recipe"] == {"pretrained": True}
    for classes in (ids[::-1], sorted(numbers), [f"class {number}" for number in numbers]):
        with pytest.raises(UserError, match="name the class folders by WordNet ids or 0 to 999") as caught:
            fetch(job(pretrained=True), (32, 32, 3), classes)
        assert "\n" not in str(caught.value)
        fetch(job(pretrained=True), (32, 32, 3), classes, backbone=True)  # a probe learns the order anew


def test_batches_shrink_with_the_members_resolution():
    resolutions = ((28, 28), (224, 224), (9000, 9000))
    assert [loading.default_batch_size(3, resolution) for resolution in resolutions] == [128, 27, 1]
    assert loading.Member(nn.Identity(), [0.0] * 3, [1.0] * 3, (224, 224)).batch_size == 27
