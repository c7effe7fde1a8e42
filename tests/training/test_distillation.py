import copy

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.loading import Member, build
from heterodox.streams import torch_stream
from heterodox.training.distillation import Distillation, hard_distillation_loss
from heterodox.training.members import with_distillation_token
from heterodox.training.recipe import Recipe


def test_loss_equals_the_papers_formula():
    draw = torch_stream(0, "test")
    class_logits, distilled, teacher = (torch.randn(6, 4, generator=draw) for _ in range(3))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    total = 0.0
    for i in range(6):
        chosen = max(range(4), key=lambda label: teacher[i, label].item())
        for logits, target in ((class_logits, int(labels[i])), (distilled, chosen)):
            total -= 0.5 * (logits[i, target] - logits[i].exp().sum().log()).item()
    class_loss = nn.functional.cross_entropy(class_logits, labels)
    assert hard_distillation_loss(class_loss, distilled, teacher).item() == pytest.approx(total / 6, rel=1e-5)


@pytest.fixture
def objective():
    def member(arch):
        return Member(build(arch, (1, 8, 8), 2, seed=1, member=arch), [0.3], [0.2], (8, 8))

    return Distillation(with_distillation_token(member("deit"), "deit"), member("vgg"), Recipe(flip=True))


def test_the_teacher_is_frozen_and_judges_the_very_pixels_that_the_member_sees(objective, sided):
    teacher = copy.deepcopy(objective.teacher.state_dict())
    seen = []
    for module in (objective.teacher, objective.member):
        module.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    draws = objective.draw(96, torch_stream(0, "test"))
    objective.train()
    objective.loss(sided.images, sided.labels, draws).backward()
    assert torch.equal(*seen)
    assert not torch.equal(seen[0][:, 0] * 255, sided.images[..., 0])  # some are mirrored
    assert all(parameter.grad is None for parameter in objective.teacher.parameters())
    for name, values in objective.teacher.state_dict().items():
        assert torch.equal(values, teacher[name])


def test_in_evaluation_the_member_answers_with_the_mean_of_both_heads(objective, sided):
    network = objective.member.network
    objective.train()
    objective.eval()
    pixels = sided.images[:5].permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        tokens = network.forward_features(objective.member.normalised(pixels))
        heads = (network.head(tokens[:, 0]) + network.head_dist(tokens[:, 1])) / 2
        torch.testing.assert_close(objective.member(pixels), heads)


def test_a_network_without_distillation_token_is_one_line():
    member = Member(build("vgg", (1, 8, 8), 2), [0.3], [0.2], (8, 8))
    with pytest.raises(UserError, match="arch vgg: has no distillation token"):
        with_distillation_token(member, "vgg")
