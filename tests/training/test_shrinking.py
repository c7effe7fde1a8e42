import copy
import dataclasses
import json
import math
from itertools import product

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build
from heterodox.networks.subnetworks import Configuration, cut
from heterodox.networks.supernetwork import sort_channels
from heterodox.streams import stream, torch_stream
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import train
from heterodox.training.shrinking import (
    ProgressiveShrinking,
    Shrinking,
    calibration_images,
    distillation_loss,
    load_residual_member,
    open_space,
    recalibrate,
    space_of_recipe,
    submember,
)
from heterodox.training.state import StateFile
from tests.networks.test_subnetworks import assert_same_logits, lived_in, silenced

RECIPE = Shrinking(batch_size=16, width_options=3, random_subnetworks=2, calibration_images=64, epochs=2)


def residual_member(seed: int = 1) -> Member:
    return Member(build("resnet", (1, 8, 8), 2, seed=seed, member="toy"), [0.3], [0.2], (8, 8))


def objective_of(sided: LabelledImages, recipe: Shrinking = RECIPE, seed: int = 1) -> ProgressiveShrinking:
    member = residual_member()
    sort_channels(member.network)
    return ProgressiveShrinking(member, recipe, calibration_images(sided, recipe, seed), seed, "supernetwork")


def test_distillation_loss_equals_the_divergence_summed_by_hand():
    pupil, teacher = (torch.randn(5, 3, generator=torch_stream(i, "logits")) for i in range(2))
    p, q = torch.softmax(teacher, 1).tolist(), torch.softmax(pupil, 1).tolist()
    expected = sum(p[i][c] * math.log(p[i][c] / q[i][c]) for i, c in product(range(5), range(3))) / 5
    assert distillation_loss(pupil, teacher).item() == pytest.approx(expected, rel=1e-5)
    assert distillation_loss(teacher, teacher).item() == pytest.approx(0, abs=1e-6)


def test_only_the_labels_teach_the_largest():
    teacher = torch.randn(5, 3, requires_grad=True)
    pupil = torch.randn(5, 3, requires_grad=True)
    distillation_loss(pupil, teacher).backward()
    assert teacher.grad is None
    torch.testing.assert_close(pupil.grad, (pupil.softmax(1) - teacher.softmax(1)).detach() / 5)


def test_a_step_trains_the_largest_the_smallest_and_random_ones_as_plain_networks_would(sided):
    objective = objective_of(sided)
    objective.after_step(0.9)
    draws = objective.draw(32, torch_stream(0, "test"))  # RECIPE neither mirrors nor moves images
    found = objective.loss(sided.images[:32], sided.labels[:32], draws)
    seen = objective.member.normalised(pixels(sided.images[:32]))
    pupils = objective.pupils()
    assert len(pupils) == 3
    assert pupils[0] == Configuration((0, 0, 0, 0), (8, 16, 32, 64))
    largest = cut(objective.member.network, objective.space.largest).train()(seen)
    losses = [nn.functional.cross_entropy(largest, sided.labels[:32]).item()]
    for configuration in pupils:
        logits = cut(objective.member.network, configuration).train()(seen)
        losses.append(distillation_loss(logits, largest).item())
    assert found.item() == pytest.approx(sum(losses) / 4, rel=1e-5)


def test_sampled_sub_networks_are_keyed_by_seed_and_step_alone(sided):
    def sampled(seed, warm_up):
        objective = objective_of(sided, seed=seed)
        for _ in range(warm_up):  # torch's and Python's own generators play no part
            torch.rand(3)
        found = []
        for step in range(6):
            found.append(objective.pupils()[1:])
            objective.after_step(0.6 + step / 100)
        return found

    assert sampled(1, 0) == sampled(1, 5)
    assert sampled(1, 0) != sampled(2, 0)
    assert len({str(one) for many in sampled(1, 0)[1:] for one in many}) > 5


def test_depths_open_up_first_then_widths(sided):
    recipe = Shrinking(depth_share=0.2, width_share=0.4, width_options=5)
    space = space_of_recipe(residual_member().network, recipe)
    opened = {done: open_space(space, done, recipe) for done in (0, 0.01, 0.2, 0.201, 0.31, 0.599, 0.6, 1)}
    assert [len(opened[done].depths[0]) for done in opened] == [1, 2, 2, 2, 2, 2, 2, 2]
    assert [len(opened[done].widths[3]) for done in opened] == [1, 1, 1, 2, 3, 5, 5, 5]
    assert opened[1] == space
    assert open_space(space, 0.0, Shrinking(depth_share=0, width_share=0)) == space


def test_statistics_are_averages_over_batches_of_training_images(sided):
    member = residual_member()
    first = member.network.conv1[1]
    first.running_mean.fill_(17)
    recalibrate(member, sided.images, 32)
    with torch.no_grad():
        seen = member.network.conv1[0](member.normalised(pixels(sided.images)))
    parts = seen.split(32)
    torch.testing.assert_close(first.running_mean, torch.stack([part.mean((0, 2, 3)) for part in parts]).mean(0))
    torch.testing.assert_close(first.running_var, torch.stack([part.var((0, 2, 3)) for part in parts]).mean(0))
    assert first.momentum == 0.1
    assert not any(layer.training for layer in member.modules())


def test_statistics_do_not_depend_on_what_was_there_before(sided):
    member = residual_member()
    other = copy.deepcopy(member)
    for layer in other.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.fill_(3)
            layer.running_var.fill_(9)
    for one in (member, other):
        recalibrate(one, sided.images[:50], 16)  # the last two images fill no batch
    assert all(torch.equal(*pair) for pair in zip(member.buffers(), other.buffers(), strict=True))


def test_a_sub_network_says_on_its_own_what_the_whole_one_says_with_the_rest_silenced_and_its_statistics():
    draw = torch_stream(2, "images")
    images = torch.randint(0, 256, (1000, 28, 28, 1), generator=draw, dtype=torch.uint8)
    member = Member(lived_in(build("resnet", (1, 28, 28), 7, seed=1, member="toy")), [0.5], [0.3], (28, 28))
    sort_channels(member.network)
    configuration = Configuration((1, 0, 1, 1), (12, 20, 64, 80))
    small = submember(member, configuration, images[:256], 64)
    whole = dict(member.network.named_buffers())
    for name, values in small.network.named_buffers():
        if values.ndim:
            whole[name][: len(values)] = values
    member.network = silenced(member.network, configuration)
    with torch.no_grad():
        assert_same_logits(small(pixels(images)), member.eval()(pixels(images)))


def test_calibration_takes_training_images_by_seed(sided):
    recipe = Shrinking(calibration_images=20)
    found = calibration_images(sided, recipe, 1)
    assert found.shape == (20, 8, 8, 1)
    known = {image.numpy().tobytes() for image in sided.images}
    assert len({image.numpy().tobytes() for image in found} & known) == 20
    assert torch.equal(found, calibration_images(sided, recipe, 1))
    assert not torch.equal(found, calibration_images(sided, recipe, 2))
    assert len(calibration_images(sided, Shrinking(calibration_images=5000), 1)) == 96


def test_training_leaves_sub_networks_that_work_where_slices_do_not(sided, tmp_path):
    recipe = dataclasses.replace(RECIPE, learning_rate=0.005, epochs=5, depth_share=0.1, width_share=0.1)
    objective = objective_of(sided, recipe)
    sliced = submember(objective.member, objective.space.smallest, objective.calibration, 16)
    progress = train(objective, sided, sided, recipe, 1, "supernetwork", StateFile(tmp_path / "state.pt", "one"))
    assert progress.best_epoch == 5  # all of it counts: the last epoch is kept
    last = progress.history[-1]
    assert last["smallest_validation_accuracy"] > 0.9
    assert last["validation_accuracy"] > 0.9
    with torch.no_grad():
        accuracy = (sliced(pixels(sided.images)).argmax(1) == sided.labels).double().mean()
    assert accuracy < 0.8

    # The stored weights are an ordinary network, with the statistics of the whole one.
    network = build("resnet", (1, 8, 8), 2)
    network.load_state_dict(progress.weights)
    whole = Member(network, [0.3], [0.2], (8, 8)).eval()
    with torch.no_grad():
        accuracy = (whole(pixels(sided.images)).argmax(1) == sided.labels).double().mean()
    assert float(accuracy) == last["validation_accuracy"]


def test_shares_that_leave_no_training_are_refused(sided):
    with pytest.raises(UserError, match="depth_share and width_share must not exceed 1 together"):
        objective_of(sided, Shrinking(depth_share=0.6, width_share=0.5))


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"arch": "vgg", "classes": ["left", "right"]}, "arch vgg is no residual network to shrink; name a resnet"),
        ({"arch": "resnet", "classes": ["a", "b", "c"]}, "its 3 classes are not the 2 of the training images"),
    ],
)
def test_members_that_cannot_be_shrunk_are_refused_in_one_line(described, message, sided, tmp_path):
    weights = tmp_path / "one.safetensors"
    weights.with_suffix(".json").write_text(json.dumps(described))
    with pytest.raises(UserError, match=f"one.safetensors: {message}"):
        load_residual_member(weights, sided)


def test_the_stream_of_a_step_is_the_one_that_is_documented(sided):
    objective = objective_of(sided)
    objective.after_step(1.0)
    draw = stream(1, "sub-networks", "supernetwork", 1)
    assert objective.pupils()[1:] == [objective.space.draw(draw), objective.space.draw(draw)]
