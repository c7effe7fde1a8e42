"""The budget of bytes holds, as measured by torch's own account of every allocation."""

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from heterodox.errors import UserError
from heterodox.explain import interface, memory
from heterodox.networks.heads import HeadMember
from heterodox.networks.loading import build
from tests.explain.test_methods import members

MEGABYTE = 2**20


def peak_bytes(work):
    """Return the largest number of bytes that torch holds at once above what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    held = peak = 0
    for event in profiled.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def test_the_account_sees_what_is_held():
    assert peak_bytes(lambda: (torch.ones(1000) + 1).sum()) in range(8000, 8400)


def plain(arch):
    torch.manual_seed(0)
    return [build(arch, (3, 40, 40), 5).eval().requires_grad_(False)]


@pytest.mark.parametrize(
    "method", ["gradient_shap-4", "integrated_gradients-4", "saliency", "guided_grad_cam", "lime-4"]
)
@pytest.mark.parametrize("networks", [lambda: plain("vgg"), members], ids=["vgg", "heads"])
def test_no_method_exceeds_its_budget(method, networks):
    networks, budget = networks(), 6 * MEGABYTE
    pixels, targets = torch.rand(24, 3, 40, 40), torch.zeros(24, dtype=torch.long)
    explain = interface.load(method, budget=budget)
    explain.of_members(networks, pixels[:2], targets[:2])  # what torch sets up once
    result = len(networks) * pixels.numel() * 4
    assert peak_bytes(lambda: explain.of_members(networks, pixels, targets)) - result < budget


@pytest.mark.parametrize("method", ["gradient_shap-4", "integrated_gradients-4"])
def test_without_a_bound_the_same_work_takes_far_more(method):
    networks, pixels = plain("resnet"), torch.rand(24, 3, 40, 40)
    explain = interface.load(method, budget=4000 * MEGABYTE)
    targets = torch.zeros(24, dtype=torch.long)
    assert peak_bytes(lambda: explain.of_members(networks, pixels, targets)) > 24 * MEGABYTE
    bounded = interface.load(method, budget=6 * MEGABYTE)
    assert peak_bytes(lambda: bounded.of_members(networks, pixels, targets)) < 8 * MEGABYTE


def test_shared_weights_are_not_counted_and_shared_storage_once():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 4096), nn.ReLU(), nn.Flatten())
    image = torch.rand(1, 3, 4, 4)
    # The ReLU keeps its output, which the second Flatten passes on; 4096 * 48 weights would be far more.
    expected = 4 * 4096 * (1 + memory.WORKING_COPIES) + 4 * 48 * memory.PIXEL_COPIES
    assert memory.bytes_per_image(network, image) in range(expected, expected + 4 * 48 + 1)


def test_a_budget_below_one_image_is_one_line():
    member = HeadMember(build("resnet", (3, 64, 64), 5), nn.Identity()).eval()
    with pytest.raises(UserError, match=r"^memory: 1 MiB do not hold one image of this network; allow \d+ MiB$"):
        interface.load("saliency", budget=MEGABYTE)(member, torch.rand(2, 3, 64, 64), torch.tensor([0, 1]))
