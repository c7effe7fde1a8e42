import math

import pytest
import torch
from torch import nn

from heterodox.networks.loading import build
from heterodox.training.optimization import learning_rate, optimizer_for, set_learning_rate
from heterodox.training.recipe import Optimization

GRADIENTS = [[0.5, -2.0], [0.1, 1.0], [-0.3, 0.2]]


class TwoNumbers(nn.Module):
    """A matrix of two entries, hence decayed."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[1.0, -1.0]], dtype=torch.float64))


def after_three_steps(recipe):
    module = TwoNumbers()
    optimizer = optimizer_for(module, recipe)
    for gradient in GRADIENTS:
        module.weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return module.weight[0].tolist()


def adabelief(weight, gradients, rate, decay, beta1, beta2, epsilon):
    """Zhuang et al. 2020, Algorithm 1, one number; epsilon enters the running variance, decay is decoupled."""
    mean = variance = 0.0
    for step, gradient in enumerate(gradients, 1):
        weight -= rate * decay * weight
        mean = beta1 * mean + (1 - beta1) * gradient
        variance = beta2 * variance + (1 - beta2) * (gradient - mean) ** 2 + epsilon
        unbiased_mean, unbiased_variance = mean / (1 - beta1**step), variance / (1 - beta2**step)
        weight -= rate * unbiased_mean / (math.sqrt(unbiased_variance) + epsilon)
    return weight


def adamw(weight, gradients, rate, decay, beta1, beta2, epsilon):
    mean = square = 0.0
    for step, gradient in enumerate(gradients, 1):
        weight -= rate * decay * weight
        mean = beta1 * mean + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient**2
        weight -= rate * (mean / (1 - beta1**step)) / (math.sqrt(square / (1 - beta2**step)) + epsilon)
    return weight


def nesterov(weight, gradients, rate, decay, momentum):
    velocity = 0.0
    for gradient in gradients:
        slope = gradient + decay * weight
        velocity = momentum * velocity + slope
        weight -= rate * (slope + momentum * velocity)
    return weight


def expected(rule, *numbers):
    return [rule(weight, [step[i] for step in GRADIENTS], *numbers) for i, weight in enumerate((1.0, -1.0))]


@pytest.mark.parametrize(("name", "rule"), [("adabelief", adabelief), ("adamw", adamw)])
def test_adaptive_optimisers_follow_their_papers(name, rule):
    recipe = Optimization(optimizer=name, learning_rate=0.1, weight_decay=0.2, betas=(0.8, 0.95), epsilon=1e-6)
    assert after_three_steps(recipe) == pytest.approx(expected(rule, 0.1, 0.2, 0.8, 0.95, 1e-6), rel=1e-9)


@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_sgd_is_nesterovs(momentum):
    recipe = Optimization(optimizer="sgd", learning_rate=0.1, weight_decay=0.2, momentum=momentum)
    assert after_three_steps(recipe) == pytest.approx(expected(nesterov, 0.1, 0.2, momentum), rel=1e-12)


def test_vectors_are_not_decayed_and_frozen_parameters_not_trained():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module[0].requires_grad_(False)
    decayed, spared = optimizer_for(module, Optimization(weight_decay=0.3)).param_groups
    assert decayed["params"] == [module[1].weight]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.3, 0.0)
    assert len(spared["params"]) == 1
    assert spared["params"][0] is module[1].bias


@pytest.mark.parametrize(
    ("schedule", "epochs_done", "rate"),
    [
        ("cosine", 0.0, 0.0),
        ("cosine", 1.0, 0.4),
        ("cosine", 2.0, 0.8),
        ("cosine", 4.0, 0.8 * (2 + math.sqrt(2)) / 4),  # a quarter of the way down
        ("cosine", 6.0, 0.4),
        ("cosine", 10.0, 0.0),
        ("step", 2.0, 0.8),
        ("step", 3.0, 0.08),
        ("step", 8.9, 0.008),
        ("constant", 1.0, 0.4),
        ("constant", 9.5, 0.8),
    ],
)
def test_learning_rates_by_hand(schedule, epochs_done, rate):
    recipe = Optimization(learning_rate=0.8, epochs=10, warmup_epochs=2, schedule=schedule, step_epochs=3)
    assert learning_rate(recipe, epochs_done) == pytest.approx(rate, abs=1e-12)


def test_warm_up_may_fill_the_whole_training():
    recipe = Optimization(learning_rate=0.8, epochs=2, warmup_epochs=2)
    assert learning_rate(recipe, 2.0) == pytest.approx(0.8)


def test_setting_the_rate_reaches_every_group():
    optimizer = optimizer_for(nn.Linear(2, 2), Optimization())
    set_learning_rate(optimizer, 0.123)
    assert [group["lr"] for group in optimizer.param_groups] == [0.123, 0.123]


def test_parameters_of_one_axis_are_not_decayed():
    network = build("vit", (1, 8, 8), 2)
    groups = optimizer_for(network, Optimization(weight_decay=0.3)).param_groups
    decayed = {id(parameter) for group in groups if group["weight_decay"] for parameter in group["params"]}
    names = {name for name, parameter in network.named_parameters() if id(parameter) in decayed}
    assert {"cls_token", "pos_embed", "head.weight"} <= names
    assert not any(name.endswith("bias") or "norm" in name for name in names)
