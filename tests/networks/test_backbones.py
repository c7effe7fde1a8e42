from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.networks.backbones import exported, exported_model, load_backbone, without_classifier
from heterodox.networks.masked_heads import Head
from heterodox.storage.members import write_member

SHAPE = (1, 28, 28)
ARCHS = [name for name in loading.names() if name != "pruned_head"]


@pytest.mark.parametrize("arch", ARCHS)
def test_without_its_classifier_a_network_gives_what_the_last_layer_reads(arch):
    network = loading.build(arch, SHAPE, 7).eval()
    bare, images = without_classifier(network).eval(), torch.randn(3, *SHAPE)
    with torch.no_grad():
        torch.testing.assert_close(bare(images), loading.features(network, images), rtol=1e-4, atol=1e-5)
    assert loading.parameter_count(bare) < loading.parameter_count(network)
    assert network(images).shape == (3, 7), "the network itself stays as it was"


def test_a_named_torchvision_network_loses_its_classifier_too():
    network = loading.build("mnasnet", (3, 64, 64), 5, "mnasnet0_5").eval()
    with torch.no_grad():
        images = torch.randn(2, 3, 64, 64)
        torch.testing.assert_close(without_classifier(network).eval()(images), loading.features(network, images))


def written(folder: Path, arch: str = "vgg", **changes) -> Path:
    network = loading.build(arch, SHAPE, 4, seed=changes.pop("seed", 1))
    entry = {"arch": arch, "model": "small", "classes": list("abcd"), "mean": [0.3], "std": [0.4]}
    entry |= {"resolution": [28, 28], "channels": 1, **changes}
    write_member(folder / "backbone.safetensors", network.state_dict(), entry)
    return folder / "backbone.safetensors"


def head_of(features: int) -> Head:
    draw = np.random.default_rng(1)
    kept, units = np.sort(draw.permutation(features)[:9]), np.array([0, 2, 3])
    shapes = ((3, 9), (3,), (4, 3), (4,))
    tensors = [torch.from_numpy(draw.normal(size=shape).astype(np.float32)) for shape in shapes]
    return Head(kept, units, features, 5, *tensors)


def test_a_backbone_with_a_pruned_head_is_an_ordinary_member(tmp_path):
    backbone, identity = load_backbone(written(tmp_path))
    pixels = torch.rand(3, *SHAPE)
    with torch.no_grad():
        features = backbone(pixels)
        head = head_of(features.shape[1])
        member = exported(backbone, head)
        np.testing.assert_allclose(member(pixels).numpy(), head.logits(features), rtol=1e-5, atol=1e-6)
    assert exported_model(identity, head) == "vgg small features=9 units=3"
    entry = {"arch": "pruned_head", "model": exported_model(identity, head), "classes": list("abcd")}
    entry |= {"mean": [0.3], "std": [0.4], "resolution": [28, 28], "channels": 1}
    write_member(tmp_path / "pruned.safetensors", member.network.state_dict(), entry)
    again = loading.load_member(tmp_path / "pruned.safetensors")
    with torch.no_grad():
        assert torch.equal(again(pixels), member(pixels))
    size = loading.parameter_count(backbone.network) + head.parameters
    assert loading.parameter_count(again.network) == size
    with pytest.raises(UserError, match="is a pruned network already"):
        load_backbone(tmp_path / "pruned.safetensors")


def test_a_backbones_identity_is_its_weights_and_how_it_sees(tmp_path):
    digests = [
        load_backbone(written(tmp_path, **changes))[1].digest
        for changes in ({}, {}, {"seed": 2}, {"mean": [0.31]}, {"std": [0.41]})
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        ("resnet", "must read like"),
        ("resnet small features=0 units=3", "features must lie in 1..128"),
        ("resnet small features=129 units=3", "features must lie in 1..128"),
        ("resnet small features=3 units=0", "units above 0"),
        ("pruned_head small", "must read like"),
    ],
)
def test_a_pruned_head_that_cannot_be_is_one_line(model, fault):
    with pytest.raises(UserError, match=fault):
        loading.build("pruned_head", SHAPE, 4, model)


def test_no_library_has_pruned_heads():
    with pytest.raises(UserError, match="no weights of pruned heads"):
        loading.build("pruned_head", SHAPE, 4, "resnet small", pretrained=True)
