import copy

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.loading import build, parameter_count
from heterodox.networks.subnetworks import Configuration, check_residual, cut, full_configuration, parsed
from heterodox.networks.supernetwork import SuperNetwork, importance, joints, sort_channels
from heterodox.streams import torch_stream

NETWORKS = {
    "small": ("resnet", "small", (1, 28, 28), "depths=0-1-0-1 widths=10-32-40-96"),
    "small, no branch": ("resnet", "small", (1, 8, 8), "depths=0-0-0-0 widths=16-16-64-128"),
    "bottleneck": ("resnet", "resnet26", (3, 32, 32), "depths=2-0-2-1 widths=40-128-160-256"),
    "stem tied to blocks": ("resnet", "resnet18", (3, 32, 32), "depths=0-2-1-2 widths=24-96-200-512"),
    "pooled shortcuts": ("resnet", "resnet26d", (3, 32, 32), "depths=1-2-0-1 widths=64-64-128-256"),
}


@pytest.fixture(params=NETWORKS, ids=str)
def case(request):
    """Return a network with statistics and gains as training leaves them, its shape and a configuration."""
    arch, model, shape, text = NETWORKS[request.param]
    network = lived_in(build(arch, shape, 7, model, seed=1, member="test"))
    return network, shape, parsed(text)


def lived_in(network: nn.Module) -> nn.Module:
    draw = torch_stream(1, "statistics")
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values, low in ((layer.weight, 0.5), (layer.bias, -0.5), (layer.running_mean, -0.5)):
                values.data = torch.rand(values.shape, generator=draw) + low
            layer.running_var.data = torch.rand(layer.running_var.shape, generator=draw) + 0.5
    return network.eval()


def images(count: int, shape: tuple[int, int, int]) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch_stream(1, "images"))


def silenced(network: nn.Module, configuration: Configuration) -> nn.Module:
    """Return the whole network in which all that the sub-network lacks is multiplied by zero."""
    network = copy.deepcopy(network)
    full = full_configuration(network)

    def silence(norm, share):
        norm.weight.data[round(share * norm.num_features) :] = 0
        norm.bias.data[round(share * norm.num_features) :] = 0

    shares = [width / most for width, most in zip(configuration.widths, full.widths, strict=True)]
    if network.layer1[0].downsample is None:
        silence(network.bn1, shares[0])
    for number, (share, depth) in enumerate(zip(shares, configuration.depths, strict=True), 1):
        for position, block in enumerate(getattr(network, f"layer{number}")):
            norms = [layer for name, layer in block.named_children() if name.startswith("bn")]
            for norm in norms:
                silence(norm, share)
            if position >= depth:
                silence(norms[-1], 0)
            if block.downsample is not None:
                silence(block.downsample[-1], share)
    return network


def assert_same_logits(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    assert torch.equal(found.argmax(1), expected.argmax(1))


def test_a_sub_network_says_what_the_whole_one_says_with_the_rest_silenced(case):
    network, shape, configuration = case
    sort_channels(network)
    seen = images(1000 if shape == (1, 28, 28) else 8, shape)
    with torch.no_grad():
        assert_same_logits(cut(network, configuration)(seen), silenced(network, configuration)(seen))
        assert not torch.allclose(network(seen), cut(network, configuration)(seen), rtol=0.1)


def test_sorting_the_channels_changes_nothing_but_their_order(case):
    network, shape, _ = case
    seen = images(4, shape)
    weights = sorted(network.layer2[0].conv1.weight.flatten().tolist())
    with torch.no_grad():
        before = network(seen)
        sort_channels(network)
        torch.testing.assert_close(network(seen), before, rtol=1e-4, atol=1e-4 * float(before.abs().max()))
    assert sorted(network.layer2[0].conv1.weight.flatten().tolist()) == weights
    for joint in joints(network):
        assert (importance(joint).diff() <= 1e-9).all()


def test_importance_is_the_l1_norm_of_all_that_reads_a_channel_times_the_gains_of_all_that_writes_it():
    network = lived_in(build("resnet", (3, 32, 32), 7, "resnet18", seed=1, member="test")).requires_grad_(False)
    first = next(joint for joint in joints(network) if len(joint.producers) > 1)
    one, two, three = *network.layer1, network.layer2[0]
    readers = [one.conv1, two.conv1, three.conv1, three.downsample[0]]
    writers = [network.bn1, one.bn2, two.bn2]
    expected = [
        sum(reader.weight[:, i].abs().sum().item() for reader in readers)
        * sum(abs(writer.weight[i].item()) for writer in writers)
        for i in range(64)
    ]
    torch.testing.assert_close(importance(first).float(), torch.tensor(expected))
    inner = next(joint for joint in joints(network) if joint.consumers == [network.layer4[0].conv2])
    norms = network.layer4[0].conv2.weight.abs().sum((0, 2, 3))
    torch.testing.assert_close(importance(inner).float(), norms * network.layer4[0].bn1.weight)


def test_the_super_network_runs_its_sub_networks_on_its_own_weights(case):
    network, shape, configuration = case
    before = {name: values.clone() for name, values in network.state_dict().items()}
    plain = cut(network, configuration).train()
    seen = images(4, shape)
    expected = plain(seen)
    found = SuperNetwork(network).logits(seen, configuration)
    torch.testing.assert_close(found, expected)
    expected.square().sum().backward()
    found.square().sum().backward()
    own = dict(network.named_parameters())
    for name, parameter in plain.named_parameters():
        leading = own[name].grad[tuple(map(slice, parameter.shape))]
        torch.testing.assert_close(leading, parameter.grad)
        assert own[name].grad.abs().sum() == pytest.approx(float(leading.abs().sum()), rel=1e-4)
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())


def test_the_whole_network_is_a_sub_network_of_itself(case):
    network, shape, _ = case
    whole = cut(network, full_configuration(network))
    assert parameter_count(whole) == parameter_count(network)
    with torch.no_grad():
        assert torch.equal(whole(images(2, shape)), network(images(2, shape)))


def test_torchvisions_network_at_its_native_size_can_be_cut_as_timms_can():
    from torchvision.models import resnet50

    seen = images(2, (3, 224, 224))
    network = lived_in(resnet50(num_classes=7))
    timms = build("resnet", (3, 224, 224), 7, "resnet50").eval()
    timms.load_state_dict(network.state_dict())
    check_residual(network, "torchvision")
    configuration = parsed("depths=0-2-5-1 widths=48-96-192-384")
    with torch.no_grad():
        torch.testing.assert_close(cut(network, configuration)(seen), cut(timms, configuration)(seen))
        assert_same_logits(cut(network, configuration)(seen), silenced(network, configuration)(seen))


def test_a_configuration_is_read_from_what_it_writes():
    configuration = Configuration((1, 0, 12, 1), (8, 16, 32, 100))
    assert str(configuration) == "depths=1-0-12-1 widths=8-16-32-100"
    assert parsed(str(configuration)) == configuration


@pytest.mark.parametrize(
    "text", ["", "depths=1-1-1-1", "widths=1 depths=1", "depths=1--1 widths=3", "depths=a widths=1"]
)
def test_what_is_no_configuration_is_one_line(text):
    with pytest.raises(UserError, match="must read like `depths=1-0-1-1 widths=8-32-48-128`"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depths=2-1-1-1 widths=16-32-64-128", "lies outside the space; depths must be 4 numbers, 0 to 1-1-1-1"),
        ("depths=1-1-1-1 widths=16-33-64-128", "widths must be 4 numbers, 1 to 16-32-64-128"),
        ("depths=1-1-1-1 widths=16-0-64-128", "widths must be 4 numbers, 1 to"),
        ("depths=1-1-1 widths=16-32-64", "depths must be 4 numbers"),
    ],
)
def test_more_than_there_is_cannot_be_kept(text, message):
    with pytest.raises(UserError, match=message):
        build("subnetwork", (1, 28, 28), 10, f"small {text}")


@pytest.mark.parametrize(
    ("arch", "model", "message"),
    [
        ("vgg", "small", "is no residual network"),
        ("vit", "small", "is no residual network"),
        ("resnext", "resnext50_32x4d", "layer1.0.conv2 cannot be cut"),
        ("resnet", "resnet50_gn", "layer1.0.bn1 cannot be cut"),
        ("resnet", "resnetrs50", "layer1.0.se.fc1 cannot be cut"),
        ("resnet", "resnetblur50", "layer2.0.aa cannot be cut"),
    ],
)
def test_networks_that_cannot_be_cut_are_refused_by_the_layer(arch, model, message):
    network = build(arch, (3, 224, 224), 10, model)
    with pytest.raises(UserError, match=f"here: .*{message}"):
        check_residual(network, "here")


def test_the_architecture_subnetwork_builds_the_plain_network_that_its_model_describes():
    model = "resnet18 depths=2-1-0-2 widths=32-64-256-300"
    network = build("subnetwork", (3, 224, 224), 10, model, seed=1, member="one")
    base = build("resnet", (3, 224, 224), 10, "resnet18", seed=1, member="one")
    assert network.layer4[0].conv1.weight.shape == (300, 256, 3, 3)
    assert torch.equal(network.layer4[0].conv1.weight, base.layer4[0].conv1.weight[:300])
    assert [len(stage) for stage in (network.layer1, network.layer2, network.layer3)] == [2, 1, 1]
    assert network.fc.in_features == network.num_features == 300
    with pytest.raises(UserError, match="a library has no weights of sub-networks"):
        build("subnetwork", (3, 224, 224), 10, model, pretrained=True)
