import math

import pytest
import torch
from torch import Tensor

from heterodox.networks.heads import spatial_layers
from heterodox.networks.loading import Member, build
from heterodox.networks.multitask import new_multitask
from heterodox.networks.tasks import Task
from heterodox.training.images import LabelledImages
from heterodox.training.recipe import Recipe
from heterodox.training.tasks import JointSupervision, task_accuracies, task_loss

KIND, MARKS = Task("kind", ("a", "b", "c")), Task("marks", ("one", "two"), multi_label=True)


def test_the_loss_of_classes_by_hand() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]))
    targets = torch.tensor([[0], [1], [-1]])  # the third is unknown
    assert float(task_loss(KIND, logits, targets)) == pytest.approx((math.log(2) + math.log(5)) / 2)
    # Smoothing by 0.3 gives the right class 0.8 and the two others 0.1 each.
    smoothed = -0.8 * math.log(0.5) - 0.2 * math.log(0.25)
    assert float(task_loss(KIND, logits[:1], targets[:1], 0.3)) == pytest.approx(smoothed)


def test_the_loss_of_marks_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [math.log(4), 5.0]])
    targets = torch.tensor([[1, 0], [1, -1]])  # the last answer is unknown
    expected = (math.log(2) - math.log(1 / 4) - math.log(4 / 5)) / 3
    assert float(task_loss(MARKS, logits, targets)) == pytest.approx(expected)


def test_what_nobody_knows_has_no_loss_and_no_gradient() -> None:
    for task, targets in [(KIND, torch.tensor([[-1]])), (MARKS, torch.tensor([[-1, -1]]))]:
        logits = torch.ones(1, len(task.outputs), requires_grad=True)
        loss = task_loss(task, logits, targets)
        loss.backward()
        assert float(loss.detach()) == 0
        assert isinstance(logits.grad, Tensor)
        assert not logits.grad.any()


def joint(weights: dict[str, float]) -> JointSupervision:
    network = build("vgg", (3, 8, 8), 1)
    trunk = Member(spatial_layers(network, "vgg"), [0.5] * 3, [0.3] * 3, (8, 8))
    return JointSupervision(new_multitask(trunk, 64, [KIND, MARKS], [], 1, 1, "toy").eval(), Recipe(), weights)


def test_the_joint_loss_is_the_weighted_sum_over_the_tasks() -> None:
    images = torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0, 1, 0], [1, 0, 0], [2, 1, 1], [-1, 0, 1], [0, -1, 1]])
    objective = joint({"marks": 0.25})
    draws = {name: torch.zeros(5, dtype=torch.int64) for name in ("flip", "rows", "columns")}
    draws["flip"] = draws["flip"].bool()
    logits = objective.network(images.permute(0, 3, 1, 2) / 255)
    expected = task_loss(KIND, logits[:, :3], labels[:, :1]) + 0.25 * task_loss(MARKS, logits[:, 3:], labels[:, 1:])
    torch.testing.assert_close(objective.loss(images, labels, draws), expected)
    assert torch.equal(objective.network.member("marks")(images.permute(0, 3, 1, 2) / 255), logits[:, 3:])


def test_accuracies_count_what_is_known() -> None:
    images = torch.zeros(4, 8, 8, 3, dtype=torch.uint8)
    network = joint({}).network
    answer = int(network.member("kind")(torch.zeros(1, 3, 8, 8)).argmax())
    other = (answer + 1) % 3
    labels = torch.tensor([[answer, 1, 1], [answer, 0, 0], [other, 0, 1], [-1, 1, 0]])
    found = task_accuracies(network, LabelledImages(images, labels, ()))
    assert found == pytest.approx({"kind": 2 / 3, "marks": 0.5})
