import math

import pytest
import torch

from heterodox.networks.loading import Member, build
from heterodox.streams import torch_stream
from heterodox.training.recipe import Pretraining
from heterodox.training.self_supervision import dino_loss, objective_for

RECIPE = Pretraining(local_views=1, outputs=8, hidden=16, bottleneck=4, teacher_momentum=0.9)


def softmax(logits):
    weights = [math.exp(value) for value in logits]
    return [weight / sum(weights) for weight in weights]


def test_loss_equals_algorithm_1_written_out():
    draw = torch_stream(0, "test")
    student, teacher = torch.randn(3, 2, 4, generator=draw), torch.randn(2, 2, 4, generator=draw)
    centre = torch.randn(4, generator=draw)
    total, pairs = 0.0, 0
    for seen in range(2):
        for other in range(3):
            if seen == other:
                continue
            for image in range(2):
                target = softmax([float(t - c) / 0.04 for t, c in zip(teacher[seen, image], centre, strict=True)])
                said = softmax([float(value) / 0.1 for value in student[other, image]])
                total -= sum(t * math.log(s) for t, s in zip(target, said, strict=True))
                pairs += 1
    assert dino_loss(student, teacher, centre, RECIPE).item() == pytest.approx(total / pairs, rel=1e-4)


@pytest.fixture(params=["resnet", "vit"])
def objective(request):
    network = build(request.param, (1, 8, 8), 2, seed=1, member="toy")
    return objective_for(Member(network, [0.3], [0.2], (8, 8)), RECIPE, 1, "toy")


def step(objective, sided):
    objective.train()
    optimizer = torch.optim.SGD(objective.student.parameters(), lr=0.1)
    loss = objective.loss(sided.images[:16], sided.labels[:16], objective.draw(16, torch_stream(0, "test")))
    loss.backward()
    optimizer.step()
    return loss.item()


def test_the_teacher_follows_by_its_momentum_and_stops_at_the_end(objective, sided):
    start = [parameter.clone() for parameter in objective.teacher.parameters()]
    assert 0 < step(objective, sided) < 10
    assert all(parameter.grad is None for parameter in objective.teacher.parameters())
    objective.after_step(0.5)  # half-way along the cosine the momentum is 0.95
    pairs = zip(start, objective.teacher.parameters(), objective.student.parameters(), strict=True)
    moved = False
    for before, teacher, student in pairs:
        torch.testing.assert_close(teacher, before * 0.95 + student * 0.05)
        moved = moved or not torch.equal(before, teacher)
    assert moved
    settled = [parameter.clone() for parameter in objective.teacher.parameters()]
    objective.after_step(1.0)
    assert all(torch.equal(*pair) for pair in zip(settled, objective.teacher.parameters(), strict=True))


def test_the_centre_moves_a_tenth_towards_the_teachers_mean(objective, sided):
    objective.train()
    seen = []
    objective.teacher.register_forward_hook(lambda module, inputs, output: seen.append(output))
    objective.loss(sided.images[:16], sided.labels[:16], objective.draw(16, torch_stream(0, "test")))
    assert seen[0].shape == (32, 8)
    torch.testing.assert_close(objective.centre, 0.1 * seen[0].mean(0))


def test_labels_are_not_looked_at(objective, sided):
    objective.eval()
    draws = objective.draw(16, torch_stream(0, "test"))
    with torch.no_grad():
        first = objective.loss(sided.images[:16], sided.labels[:16], draws)
        objective.centre.zero_()
        assert first == objective.loss(sided.images[:16], 1 - sided.labels[:16], draws)


def test_collapse_shows_in_the_history(objective, sided):
    healthy = objective.measure(sided)
    assert 0 < healthy["entropy"] <= math.log(8) + 1e-5
    assert 0.01 < healthy["feature_std"] < 1.5
    with torch.no_grad():
        for parameter in objective.teacher.member.parameters():
            parameter.zero_()
    collapsed = objective.measure(sided)
    assert collapsed["feature_std"] == pytest.approx(0, abs=1e-6)
    assert collapsed["spread"] == pytest.approx(collapsed["entropy"], abs=1e-5)  # the same of every image


def test_the_outcome_is_the_teachers_backbone(objective):
    assert objective.result() is objective.teacher.member.network


def test_everything_lies_on_the_members_device():
    member = Member(build("resnet", (1, 8, 8), 2), [0.3], [0.2], (8, 8)).to("meta")
    objective = objective_for(member, RECIPE, 1, "toy")
    assert {str(values.device) for values in objective.state_dict().values()} == {"meta"}
