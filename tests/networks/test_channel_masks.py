import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks import loading
from heterodox.networks.backbones import without_classifier
from heterodox.networks.channel_masks import channel_counts, early_joints, gene_slices, without_channels


def network_of(model: str, channels: int = 1) -> torch.nn.Module:
    network = without_classifier(loading.build("resnet", (channels, 28, 28), 5, model, seed=2))
    draw = torch.Generator().manual_seed(1)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):  # as after training: no two channels alike
            for tensor in (layer.weight.data, layer.bias.data, layer.running_mean):
                tensor.copy_(torch.randn(tensor.shape, generator=draw) * 0.3 + 0.5)
            layer.running_var.uniform_(0.5, 2, generator=draw)
    return network.eval()


def with_zeros(network: torch.nn.Module, mask: np.ndarray) -> list:
    """Set what the cut channels carry to zero, behind their normalisations; the network stays whole."""
    handles = []
    groups = early_joints(network, "here")
    for joint, own in zip(groups, gene_slices([joint.channels for joint in groups]), strict=True):
        kept = torch.from_numpy(mask[own].astype(np.float32))[None, :, None, None]
        for _, norm in joint.producers:
            handles.append(norm.register_forward_hook(lambda layer, inputs, output, kept=kept: output * kept))
    return handles


@pytest.mark.parametrize(("model", "channels"), [("small", 1), ("resnet18", 3), ("resnet50", 3)])
def test_a_cut_network_computes_what_the_whole_one_does_with_zeros(model, channels):
    network = network_of(model, channels)
    counts = channel_counts(network, "here")
    mask = np.random.default_rng(3).random(sum(counts)) < 0.4
    for own in gene_slices(counts):
        mask[own.start] = True
    small = without_channels(network, mask, "here")
    images = torch.randn(2, channels, 32, 32)
    with torch.no_grad():
        found = small(images)
        whole = network(images)
        handles = with_zeros(network, mask)
        torch.testing.assert_close(found, network(images), rtol=1e-4, atol=1e-5)
    assert (found - whole).abs().max() > 1e-2
    assert loading.parameter_count(small) < loading.parameter_count(network)
    assert small.layer1[0].conv1.weight.shape[0] == mask[gene_slices(counts)[1 if model != "resnet50" else 0]].sum()
    for handle in handles:
        handle.remove()


def test_the_small_network_has_a_gene_per_channel_of_sum_and_branch():
    assert channel_counts(network_of("small"), "here") == [16, 16]
    assert gene_slices([16, 3, 5]) == [slice(0, 16), slice(16, 19), slice(19, 24)]


def test_all_channels_kept_is_the_network_itself():
    network, images = network_of("small"), torch.randn(2, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(without_channels(network, np.ones(32, bool), "here")(images), network(images))


def test_layers_without_channels_and_other_networks_are_refused():
    mask = np.ones(32, bool)
    mask[16:] = False
    with pytest.raises(ValueError, match="repair it first"):
        without_channels(network_of("small"), mask, "here")
    with pytest.raises(ValueError, match="there are 32 channels"):
        without_channels(network_of("small"), mask[:5], "here")
    with pytest.raises(UserError, match=r"^here: channels are cut in residual networks alone"):
        channel_counts(loading.build("vgg", (1, 28, 28), 5), "here")
    with pytest.raises(UserError, match=r"^here: the network's convolutions are grouped"):
        channel_counts(loading.build("resnext", (3, 32, 32), 5, "resnext50_32x4d"), "here")
