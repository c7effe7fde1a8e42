import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks import loading

SHAPES = [(1, 28, 28), (3, 32, 32)]
# One of each family that builds in little time (no VGG does); timm's names first, then torchvision's.
NAMED = [
    ("convnext", "convnext_atto"),
    ("deit", "deit_tiny_distilled_patch16_224"),
    ("densenet", "densenet121"),
    ("efficientnet", "efficientnet_b0"),
    ("mnasnet", "mnasnet_small"),
    ("regnet", "regnetx_002"),
    ("resnet", "resnet18"),
    ("resnext", "resnext50_32x4d"),
    ("swin", "swin_tiny_patch4_window7_224"),
    ("vit", "vit_tiny_patch16_224"),
    ("mnasnet", "mnasnet0_5"),
    ("regnet", "regnet_y_400mf"),
    ("squeezenet", "squeezenet1_1"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("arch", loading.names())
def test_small_networks_are_small_and_keyed(arch, shape):
    network = loading.build(arch, shape, 7, seed=1, member="one").eval()
    assert 50_000 <= loading.parameter_count(network) <= 1_000_000

    again, other, reseeded = (
        loading.build(arch, shape, 7, seed=seed, member=member).state_dict()
        for seed, member in ((1, "one"), (1, "other"), (2, "one"))
    )
    drawn = [name for name, tensor in network.state_dict().items() if tensor.is_floating_point() and tensor.std() > 0]
    assert len(drawn) > 3
    assert all(torch.equal(tensor, again[name]) for name, tensor in network.state_dict().items())
    assert not any(torch.equal(network.state_dict()[name], other[name]) for name in drawn)
    assert not any(torch.equal(network.state_dict()[name], reseeded[name]) for name in drawn)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("arch", loading.names())
def test_features_are_what_the_last_layer_reads(arch, shape):
    network = loading.build(arch, shape, 7).eval()
    images = torch.randn(3, *shape)
    with torch.no_grad():
        logits, features = network(images), loading.features(network, images)
        assert logits.shape == (3, 7)
        assert features.ndim == 2
        # A linear last layer on mean features: differences of logits are the weights times differences of features.
        heads = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
        weight = heads[-1].weight.flatten(1)
        if arch == "deit":  # the mean of two heads on two tokens is no linear function of the mean token
            assert features.shape == (3, weight.shape[1])
        else:
            expected = (features - features[:1]) @ weight.T
            torch.testing.assert_close(logits - logits[:1], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("arch", loading.names())
def test_small_networks_treat_images_one_by_one_and_without_chance(arch):
    network = loading.build(arch, (1, 28, 28), 10)
    images = torch.randn(4, 1, 28, 28)
    with torch.no_grad():
        network.train()
        assert torch.equal(network(images), network(images))  # no dropout, no drop path
        network.eval()
        torch.testing.assert_close(network(images)[2:3], network(images[2:3]), rtol=1e-4, atol=1e-5)


def test_building_leaves_the_users_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    loading.build("resnet", (1, 28, 28), 10, seed=1, member="one")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("arch", "model"), NAMED)
def test_named_networks_keep_their_native_size(arch, model):
    network = loading.build(arch, (3, 32, 32), 5, model).eval()
    assert loading.native_resolution(network, (32, 32)) == (224, 224)
    assert loading.parameter_count(network) > 500_000
    if arch in {"deit", "mnasnet", "squeezenet"}:
        with torch.no_grad():
            images = torch.randn(1, 3, 224, 224)
            assert network(images).shape == (1, 5)
            assert loading.features(network, images).ndim == 2


def test_small_networks_have_the_size_of_the_data():
    assert loading.native_resolution(loading.build("vit", (1, 28, 28), 10), (28, 28)) == (28, 28)


def test_unknown_names_are_answered_with_close_ones():
    with pytest.raises(UserError, match=r"arch resnets: no such architecture; known are .*resnet"):
        loading.build("resnets", (3, 32, 32), 10)
    with pytest.raises(UserError, match=r"resnet_18.*resnet18"):
        loading.build("resnet", (3, 32, 32), 10, "resnet_18")
    with pytest.raises(UserError, match="vit_tiny_patch16_224: no such network in this family"):
        loading.build("resnet", (3, 32, 32), 10, "vit_tiny_patch16_224")
    with pytest.raises(UserError, match="3 channels, the images have 1"):
        loading.build("squeezenet", (1, 32, 32), 10, "squeezenet1_1")
