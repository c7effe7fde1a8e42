"""Class means and distances of activations, against all activations in one matrix."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from torch import nn

from heterodox.errors import UserError
from heterodox.metrics.introspectability import introspectability
from heterodox.networks.activations import class_means, distances_to_class_means, layers_of, units_of, watched
from heterodox.networks.cell_networks import CellNetwork, Skeleton

CLASSES = 3


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        made = CellNetwork((0, 1, 0, 4, 1, 0), Skeleton(1, 4), 1, CLASSES)
        made.train()
        with torch.no_grad():
            made(torch.randn(32, 1, 8, 8))  # running statistics that differ from those of a batch
    return made.eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(23, 1, 8, 8, generator=torch.Generator().manual_seed(1))


LABELS = torch.tensor([0, 1, 2, 2, 1, 0, 0, 1, 2, 1, 1, 2, 0, 2, 1, 0, 0, 2, 1, 2, 0, 1, 2])


def edge_by_edge(network, images):
    """All activations (n, d), computed by hand: each edge of each cell has a ReLU and a convolution of its own."""
    vectors = []

    def seen(values):
        vectors.append(values.flatten(1))
        return values

    def of_edge(parts, kernel, place, node):
        width = parts.width
        convolution = getattr(parts, f"convolution_{kernel}x{kernel}")
        norm = getattr(parts, f"norm_{kernel}x{kernel}")
        own = slice(place * width, (place + 1) * width)
        values = seen(torch.conv2d(seen(node.relu()), convolution.weight[own], padding=kernel // 2))
        scale = norm.weight[own] / (norm.running_var[own] + norm.eps).sqrt()
        return (values - norm.running_mean[own, None, None]) * scale[:, None, None] + norm.bias[own, None, None]

    def cell(made, node):  # 1 = 3x3(0); 2 = 1x1(0) + 3x3(1); 3 = 0 + 1x1(1) + 3x3(2)
        readers = made.convolutions
        first = of_edge(readers["0"], 3, 0, node)
        second = of_edge(readers["0"], 1, 0, node) + of_edge(readers["1"], 3, 0, first)
        return node + of_edge(readers["1"], 1, 0, first) + of_edge(readers["2"], 3, 0, second)

    def residual(made, values):
        relu, one, norm, again, two, last = made.block
        inner = norm(seen(one(seen(relu(values)))))
        return last(seen(two(seen(again(inner))))) + seen(made.shortcut(values))

    values = network.stem[1](seen(network.stem[0](images)))
    for stack, reduction in zip(network.stacks, network.reductions, strict=True):
        values = cell(stack[0], values)
        values = reduction(values) if isinstance(reduction, nn.Identity) else residual(reduction, values)
    values = seen(network.activation(network.norm(values)))
    return torch.cat(vectors, 1).double().numpy(), network.classifier(values.mean((2, 3))).numpy()


@pytest.fixture(scope="module")
def direct(network, images):
    with torch.no_grad():
        return edge_by_edge(network, images)


def test_the_direct_computation_is_the_networks(network, images, direct):
    with torch.no_grad():
        np.testing.assert_allclose(network(images).numpy(), direct[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 5, 23])
def test_streamed_introspectability_is_that_of_the_whole_matrix_for_every_batch_size(network, images, direct, size):
    labelings = [LABELS, torch.arange(23) % CLASSES]  # the latter for predictions
    found = class_means(network, images.split(size), labelings, CLASSES)
    for means, labels in zip(found, labelings, strict=True):
        expected = np.stack([direct[0][labels.numpy() == c].mean(0) for c in np.unique(labels)])
        value = introspectability(means.distances())
        assert value == pytest.approx(pdist(expected, "cosine").mean(), rel=1e-5)
        assert sum(layer.shape[1] * means.copies[name] for name, layer in means.layers.items()) == expected.shape[1]
    assert found[0].counts.tolist() == np.bincount(LABELS).tolist()


def test_layers_that_are_computed_side_by_side_are_told_apart(images):
    """Three 3x3 edges leave the input: three convolutions, each with a ReLU of its own, as the paper's layers."""
    network = CellNetwork((0, 0, 0, 0, 0, 0), Skeleton(1, 4), 1, CLASSES).eval()
    with torch.no_grad():
        stem = network.stem(images)
        weights = network.stacks[0][0].convolutions["0"].convolution_3x3.weight.split(4)
        expected = [torch.conv2d(stem.relu(), own, padding=1).flatten(1) for own in weights]
    found = class_means(network, images.split(7), [LABELS], CLASSES)[0]
    of_input = [values for name, values in found.separate() if name.startswith("stacks.0.0.convolutions.0.")]
    assert len(of_input) == 6
    for values, own in zip(of_input[3:], expected, strict=True):
        np.testing.assert_allclose(values, [own[c == LABELS].double().mean(0) for c in range(CLASSES)], atol=1e-6)
    assert all(np.array_equal(values, of_input[0]) for values in of_input[1:3])


def test_none_stands_for_the_networks_predictions(network, images, direct):
    predictions = torch.from_numpy(direct[1].argmax(1))
    found = class_means(network, images.split(4), [None, predictions, LABELS], CLASSES)
    assert found[0].labels.tolist() == predictions.tolist()
    assert found[2].labels.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(found[0].gram(), found[1].gram())


def test_units_are_those_of_the_layers_that_are_there(network, images):
    means = class_means(network, [images], [LABELS], CLASSES)[0]
    assert units_of(network, images[:1]) == sum(layer.shape[1] for layer in means.layers.values())


def test_kinds_choose_layers(network, images, direct):
    both = class_means(network, [images], [LABELS], CLASSES)[0]
    parts = [class_means(network, [images], [LABELS], CLASSES, [kind])[0] for kind in ("convolutions", "activations")]
    assert {**parts[0].layers, **parts[1].layers}.keys() == both.layers.keys()
    np.testing.assert_allclose(parts[0].gram() + parts[1].gram(), both.gram(), rtol=1e-12)
    with pytest.raises(UserError, match="'pools' is unknown; possible are convolutions, activations"):
        layers_of(network, ["pools"])
    with pytest.raises(UserError, match="no convolutions"):
        layers_of(nn.Linear(1, 1), ["convolutions"])


def test_a_class_without_images_has_no_mean(network, images):
    means = class_means(network, [images], [LABELS.clamp(max=1)], CLASSES)[0]
    distances = means.distances()
    assert np.isnan(distances[2]).all()
    assert introspectability(distances) == pytest.approx(distances[0, 1])


@pytest.mark.parametrize("size", [4, 23])
def test_distances_to_class_means_are_scipys(network, images, direct, size):
    means = class_means(network, [images], [LABELS], CLASSES)[0]
    expected = np.stack([direct[0][LABELS.numpy() == c].mean(0) for c in range(CLASSES)])
    distances, logits = distances_to_class_means(network, images.split(size), means)
    np.testing.assert_allclose(distances, cdist(direct[0], expected, "cosine"), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(logits, direct[1], rtol=1e-4, atol=1e-5)


def test_batch_norm_is_in_eval_mode_and_hooks_are_gone_afterwards(network, images):
    network.train()
    before = [values.clone() for values in network.buffers()]
    first = class_means(network, images.split(3), [LABELS], CLASSES)[0]
    assert all(torch.equal(one, other) for one, other in zip(before, network.buffers(), strict=True))
    network.eval()
    np.testing.assert_allclose(first.gram(), class_means(network, [images], [LABELS], CLASSES)[0].gram(), rtol=1e-6)
    with pytest.raises(ZeroDivisionError), watched(network, ["activations"], lambda *_: 1 / 0):
        network(images[:1])
    assert not any(module._forward_hooks for module in network.modules())
