"""The recipe of cells, their augmentation pixel by pixel, and the regulariser against all activations at once."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cosine_similarity

from heterodox.errors import UserError
from heterodox.metrics.introspectability import introspectability
from heterodox.networks.activations import class_means
from heterodox.networks.cell_networks import CellNetwork, Skeleton
from heterodox.networks.loading import Member
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.cells import CellRecipe, CellSupervision, ClassSimilarity, pair_weights
from heterodox.training.loop import train
from heterodox.training.optimization import learning_rate, optimizer_for
from heterodox.training.state import StateFile

CELL = (0, 1, 0, 4, 1, 0)


def cell_member(channels=1, side=8, classes=2, dtype=torch.float32):
    with torch_draws_from(torch_stream(1, "test")):
        network = CellNetwork(CELL, Skeleton(1, 4), channels, classes)
    return Member(network, [0.4] * channels, [0.2] * channels, (side, side)).to(dtype)


def test_left_out_keys_are_the_papers_numbers():
    recipe = CellRecipe.from_config({})
    known = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "batch_size": 512}
    known |= {"warmup_epochs": 0.5, "schedule": "cosine", "epochs": 12, "flip": True, "regularisation": 0.0}
    assert {key: getattr(recipe, key) for key in known} == known
    for height, padding in ((28, 4), (32, 4), (16, 2), (33, 5)):  # ceil(H / 8)
        assert (recipe.shift_of(height), recipe.half_window_of(height)) == (padding, padding)
    given = CellRecipe.from_config({"shift": 0, "cutout": 6})
    assert (given.shift_of(32), given.half_window_of(32)) == (0, 3)
    with pytest.raises(UserError, match=r"cells\.recipe: unknown key colour"):
        CellRecipe.from_config({"colour": 1}, "cells.recipe")


def test_the_rate_rises_for_half_an_epoch_and_falls_as_a_cosine_to_zero():
    recipe = CellRecipe(epochs=5)
    assert [learning_rate(recipe, done) for done in (0, 0.25, 0.5)] == pytest.approx([0, 0.05, 0.1])
    assert learning_rate(recipe, 2.75) == pytest.approx(0.05)  # half-way between 0.5 and 5
    assert learning_rate(recipe, 5.0) == pytest.approx(0.0)
    repair = recipe.repairing()
    assert (repair.epochs, learning_rate(repair, 0.0), learning_rate(repair, 4.9)) == (5, 1e-3, 1e-3)


def test_kernels_and_the_last_matrix_are_decayed_and_no_norm_is():
    member = cell_member()
    optimizer = optimizer_for(member, CellRecipe())
    assert all(group["nesterov"] for group in optimizer.param_groups)
    decay = {id(values): group["weight_decay"] for group in optimizer.param_groups for values in group["params"]}
    for layer in member.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert decay[id(layer.weight)] == 5e-4
        elif isinstance(layer, nn.BatchNorm2d):
            assert decay[id(layer.weight)] == decay[id(layer.bias)] == 0


def slowly(image, draws, padding, mean, std):
    """One image (H, W, C) uint8 by the words of Appendix B: z-score, pad with zeros, crop, mirror, cut out."""
    height, width, _ = image.shape
    padded = np.zeros((height + 2 * padding, width + 2 * padding, image.shape[2]))
    padded[padding : padding + height, padding : padding + width] = (image / 255 - mean) / std
    top, left = padding - draws["rows"], padding - draws["columns"]
    result = padded[top : top + height, left : left + width]
    result = result[:, ::-1].copy() if draws["flip"] else result.copy()
    row, column = draws["window_row"], draws["window_column"]
    for y, x in itertools.product(range(row - padding, row + padding), range(column - padding, column + padding)):
        if 0 <= y < height and 0 <= x < width:
            result[y, x] = 0
    return result


def test_augmented_images_are_those_of_the_paper_pixel_by_pixel():
    member = cell_member(channels=3, side=16)
    objective = CellSupervision(member, CellRecipe(), 2)
    images = torch.randint(0, 256, (30, 16, 16, 3), dtype=torch.uint8, generator=torch_stream(0, "test"))
    draws = objective.draw(30, torch_stream(1, "test"))
    found = objective.augmented(images, draws).permute(0, 2, 3, 1).numpy()
    for i in range(30):
        own = {name: int(values[i]) for name, values in draws.items()}
        np.testing.assert_allclose(found[i], slowly(images[i].numpy(), own, 2, 0.4, 0.2), atol=1e-5)


def test_windows_are_centred_anywhere():
    objective = CellSupervision(cell_member(side=16), CellRecipe(), 2)
    draws = objective.draw(8000, torch_stream(1, "test"))
    for name in ("window_row", "window_column"):
        assert torch.bincount(draws[name]).tolist() == pytest.approx([500] * 16, abs=100)


IMAGES = torch.randn(14, 1, 8, 8, generator=torch_stream(0, "images"), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 3, 2, 1, 0, 0, 0])


def direct_similarity(network, images, labels, weights, classes, kinds=nn.Conv2d | nn.ReLU):
    """All activations of the batch in one matrix, then class by class and pair by pair."""
    layers = []
    hooks = [
        layer.register_forward_hook(
            lambda module, _, output: layers.extend([output.flatten(1)] * getattr(module, "copies", 1))
        )
        for layer in network.modules()
        if isinstance(layer, kinds)
    ]
    network(images)
    for hook in hooks:
        hook.remove()
    vectors = torch.cat(layers, 1)
    pairs = [
        weights[one, other] * cosine_similarity(vectors[labels == one].mean(0), vectors[labels == other].mean(0), dim=0)
        for one, other in itertools.combinations(range(classes), 2)
        if (labels == one).any() and (labels == other).any()
    ]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize("labels", [LABELS, LABELS.clamp(max=2)], ids=["all classes", "one absent"])
@pytest.mark.parametrize("weight", [1.0, 25.0])
def test_the_regulariser_is_the_similarity_of_class_means_in_value_and_gradient(labels, weight):
    network = cell_member(classes=4).network.train()
    images, weights = IMAGES.float(), pair_weights(4, (1, 2), weight)
    regulariser = ClassSimilarity(4, weights)
    logits, found = regulariser.logits_and_similarity(network, images, labels)
    expected = direct_similarity(network, images, labels, weights, 4)
    torch.testing.assert_close(found, expected.to(found.dtype), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(logits, network(images))
    gradients = [
        torch.autograd.grad(value, list(network.parameters()), allow_unused=True) for value in (found, expected)
    ]
    for ours, direct in zip(*gradients, strict=True):
        assert (ours is None) == (direct is None)
        if ours is not None:
            torch.testing.assert_close(ours, direct, rtol=1e-3, atol=1e-5)
    assert not any(module._forward_hooks for module in network.modules())


def test_the_regulariser_looks_at_the_layers_it_is_told():
    member, recipe = cell_member(classes=4), CellRecipe(regularisation=0.5)
    found = []
    for layers, kinds in ((["activations"], nn.ReLU), (["convolutions"], nn.Conv2d)):
        supervision = CellSupervision(member, recipe, 4, layers=layers)
        network = member.network.train()
        found.append(supervision.similarity.logits_and_similarity(network, IMAGES.float(), LABELS)[1])
        expected = direct_similarity(network, IMAGES.float(), LABELS, np.ones((4, 4)), 4, kinds)
        torch.testing.assert_close(found[-1], expected.to(found[-1].dtype), rtol=1e-4, atol=1e-6)
    assert abs(found[0] - found[1]) > 1e-3


def test_the_gradient_is_that_of_small_steps():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, images):
            return self.relu(images)

    def similarity(values):
        return ClassSimilarity(3, pair_weights(3, (0, 2), 5.0)).logits_and_similarity(Layer(), values, LABELS[:6] % 3)[
            1
        ]

    # float32 inside, hence wide steps and tolerances; values keep clear of the ReLU's kink
    values = torch.rand(6, 4, generator=torch_stream(2, "test")) + 0.5
    values.requires_grad_()
    (gradient,) = torch.autograd.grad(similarity(values), values)
    with torch.no_grad():
        for row, column in itertools.product(range(6), range(4)):
            step = torch.zeros(6, 4)
            step[row, column] = 1e-2
            slope = (similarity(values + step) - similarity(values - step)) / 2e-2
            assert gradient[row, column].item() == pytest.approx(slope.item(), abs=2e-4)


def test_the_pass_backward_keeps_class_means_and_no_further_activations():
    def kept(regularised):
        network = cell_member(classes=4).network.train()
        images = torch.randn(160, 1, 8, 8, generator=torch_stream(3, "images"))
        labels = torch.arange(160) % 4
        storages = {}

        def note(tensor):
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            alive.append(tensor)
            return tensor

        alive = []
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            if regularised:
                ClassSimilarity(4).logits_and_similarity(network, images, labels)
            else:
                network(images)
        return sum(storages.values())

    units = sum(
        layer.shape[1] for layer in class_means(cell_member().network, [IMAGES.float()], [LABELS], 4)[0].layers.values()
    )
    extra = kept(True) - kept(False)
    # Class means and the membership matrix, plus convolution outputs, which batch norm keeps anyway.
    assert 0 < extra < 2 * 4 * (4 * units + 4 * 160)
    assert extra < 4 * 160 * units / 10  # the activations of the batch


def test_a_batch_of_one_class_has_no_pair():
    network = cell_member(classes=4).network.train()
    _, similarity = ClassSimilarity(4).logits_and_similarity(
        network, IMAGES.float(), torch.zeros(14, dtype=torch.int64)
    )
    assert similarity.item() == 0
    similarity.backward()


def trained(images, tmp_path, **changes):
    recipe = CellRecipe(epochs=6, batch_size=16, precision="float32", shift=0, cutout=0, flip=False, **changes)
    member = cell_member()
    objective = CellSupervision(member, recipe, 2)
    state = StateFile(tmp_path / "state.pt", "cell", math.inf)
    return member, train(objective, images, images, recipe, 1, "cell", state)


def test_a_regularised_training_separates_classes_and_still_learns(sided, tmp_path):
    values = {}
    for weight in (0.0, 0.5):
        member, progress = trained(sided, tmp_path, regularisation=weight)
        seen = member.normalised(sided.images.permute(0, 3, 1, 2) / 255)
        means = class_means(member.network, [seen], [sided.labels], 2)[0]
        values[weight] = introspectability(means.distances())
        assert progress.history[-1]["loss"] < 0.5
        assert (member.network(seen).argmax(1) == sided.labels).double().mean() > 0.9
    assert values[0.5] > 1.5 * values[0.0]


def test_the_last_epoch_is_the_result_whatever_the_validation_images_say(sided, tmp_path):
    member, progress = trained(sided, tmp_path)
    assert progress.best_epoch == 6
    assert all(torch.equal(values, progress.weights[name]) for name, values in member.network.state_dict().items())
