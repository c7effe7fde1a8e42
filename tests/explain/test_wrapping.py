import numpy as np
import pytest
import torch

from heterodox.explain import interface
from heterodox.explain.wrapping import OneNetwork
from tests.explain.test_methods import TARGETS, members


@pytest.fixture
def pixels():
    return torch.rand(5, 3, 24, 24, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("shared", [True, False])
def test_consensus_is_the_mean_of_what_members_say(shared, pixels):
    networks = members(shared=shared)
    logits = torch.stack([network(pixels) for network in networks]).double()
    torch.testing.assert_close(
        OneNetwork(networks, "mean_logit")(pixels).double(), logits.mean(0), atol=1e-6, rtol=1e-5
    )
    found = OneNetwork(networks, "mean_probability")(pixels).double()
    torch.testing.assert_close(found.exp(), logits.softmax(-1).mean(0), atol=1e-6, rtol=1e-5)
    yes = OneNetwork(networks, "mean_probability", multi_label=True)(pixels).double()
    torch.testing.assert_close(yes.sigmoid(), logits.sigmoid().mean(0), atol=1e-6, rtol=1e-5)


def test_the_gradient_of_the_mean_logit_is_the_mean_of_the_signed_gradients(pixels):
    """Why averaged maps differ from it: they average sizes, which cannot cancel."""
    networks = members()
    explain = interface.load("saliency", signed=True)
    each = explain.of_members(networks, pixels, TARGETS)
    torch.testing.assert_close(explain(OneNetwork(networks, "mean_logit"), pixels, TARGETS), each.mean(0))
    sizes = interface.load("saliency").of_members(networks, pixels, TARGETS).mean(0)
    assert (sizes >= each.mean(0).abs() - 1e-7).all()
    assert not torch.allclose(sizes, each.mean(0).abs(), rtol=0.1)


@pytest.mark.parametrize("method", interface.names())
def test_every_method_explains_a_wrapped_ensemble(method, pixels):
    found = interface.load(method, samples=10)(OneNetwork(members()), pixels, TARGETS)
    assert np.isfinite(found.numpy()).all()
    assert found.any()


def test_one_yes_or_no_member_is_itself(pixels):
    networks = members(1)
    wrapped = OneNetwork(networks, "mean_probability", multi_label=True)
    torch.testing.assert_close(wrapped(pixels), networks[0](pixels), atol=1e-5, rtol=1e-4)
