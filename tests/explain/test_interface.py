import numpy as np
import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.explain import interface
from heterodox.networks import loading


class Linear(nn.Module):
    """Logits = weights . flattened image."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights, dtype=torch.float32)

    def forward(self, images):
        return images.flatten(1) @ self.weights.flatten(1).T


WEIGHTS = np.array([[[[1.0, -2.0], [3.0, -4.0]]], [[[5.0, 0.5], [-0.25, 2.0]]]])  # two classes, one channel, 2 x 2


def member_of(network, resolution, channels=1, std=1.0):
    return loading.Member(network, [0.0] * channels, [std] * channels, resolution).eval()


def test_saliency_of_a_linear_network_is_its_weight_over_std():
    member = loading.Member(Linear(WEIGHTS), mean=[0.3], std=[0.2], resolution=(2, 2))
    maps = interface.explain_member(interface.load("saliency"), member, torch.rand(2, 1, 2, 2), torch.tensor([1, 0]))
    assert maps.dtype == torch.float32
    np.testing.assert_allclose(maps.numpy(), np.abs(WEIGHTS[::-1]) / 0.2, rtol=1e-6)


def test_integrated_gradients_of_a_linear_network_are_weight_times_pixel_over_std():
    member = loading.Member(Linear(WEIGHTS), mean=[0.3], std=[0.2], resolution=(2, 2))
    pixels = torch.rand(2, 1, 2, 2)
    for name in ("integrated_gradients", "integrated_gradients-1", "integrated_gradients-7"):
        maps = interface.explain_member(interface.load(name), member, pixels, torch.tensor([1, 0]))
        np.testing.assert_allclose(maps.numpy(), np.abs(WEIGHTS[::-1]) / 0.2 * pixels.numpy(), rtol=1e-5)


def test_steps_reach_the_method():
    member = member_of(nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), (2, 2))
    pixels, targets = 5 * torch.rand(3, 1, 2, 2), torch.zeros(3, dtype=torch.long)
    one, many, more = (
        interface.explain_member(interface.load(f"integrated_gradients-{steps}"), member, pixels, targets)
        for steps in (1, 200, 300)
    )
    # One Gauss-Legendre point is the middle of the way.
    middle = (pixels / 2).requires_grad_()
    gradient = torch.autograd.grad(member(middle)[:, 0].sum(), middle)[0]
    torch.testing.assert_close(one, (gradient * pixels).abs(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(many, more, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(one, many, rtol=0.01)


@pytest.mark.parametrize("arch", loading.names())
def test_saliency_is_the_gradient_that_finite_differences_see(arch):
    """Double precision: |logit(x + h) - logit(x - h)| / 2h at some pixels, in-place ReLUs and all."""
    member = loading.Member(loading.build(arch, (1, 28, 28), 10), [0.3], [0.35], (28, 28)).double().eval()
    member.requires_grad_(False)
    pixels = torch.rand(2, 1, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    targets = member(pixels).argmax(1)
    maps = interface.load("saliency")(member, pixels, targets)
    step = 1e-6
    for row, column in ((10, 11), (14, 20)):
        shift = torch.zeros_like(pixels)
        shift[:, :, row, column] = step
        change = (member(pixels + shift) - member(pixels - shift)).gather(1, targets[:, None])[:, 0].abs() / (2 * step)
        torch.testing.assert_close(maps[:, 0, row, column].double(), change, rtol=1e-3, atol=1e-6)


def test_maps_of_a_larger_member_are_block_means():
    weights = np.arange(1.0, 17).reshape(1, 1, 4, 4)
    maps = interface.explain_member(
        interface.load("saliency"),
        member_of(Linear(weights), (4, 4)),
        torch.rand(3, 1, 2, 2),
        torch.zeros(3, dtype=int),
    )
    # Blocks [1 2 5 6], [3 4 7 8], [9 10 13 14], [11 12 15 16].
    np.testing.assert_allclose(maps.numpy(), np.tile([[[[3.5, 5.5], [11.5, 13.5]]]], (3, 1, 1, 1)))


def test_maps_of_a_smaller_member_are_repeated():
    maps = interface.area_resampled(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.Size((4, 4)))
    np.testing.assert_array_equal(maps[0, 0], np.kron([[1, 2], [3, 4]], np.ones((2, 2))))


def test_area_weights_of_five_to_three_by_hand():
    expected = np.array([[3, 2, 0, 0, 0], [0, 1, 3, 1, 0], [0, 0, 0, 2, 3]]) / 5
    np.testing.assert_array_equal(interface.area_weights(5, 3), expected)
    np.testing.assert_array_equal(interface.area_weights(3, 5) * 3, 5 * expected.T)


@pytest.mark.parametrize(("old", "new"), [((256, 256), (224, 224)), ((224, 96), (256, 28)), ((5, 7), (3, 11))])
def test_resampling_is_by_area(old, new):
    """On the finest common grid each old pixel is repeated `new` times a side, then blocks of `old` are averaged."""
    maps = torch.rand(2, 1, *old, generator=torch.Generator().manual_seed(1))
    resampled = interface.area_resampled(maps, torch.Size(new))
    expected = maps.double().numpy()
    for axis in (2, 3):
        fine = np.repeat(expected, new[axis - 2], axis)
        shape = (*fine.shape[:axis], new[axis - 2], old[axis - 2], *fine.shape[axis + 1 :])
        expected = fine.reshape(shape).mean(axis + 1)
    assert resampled.dtype == torch.float32
    np.testing.assert_allclose(resampled, expected, rtol=1e-5)
    np.testing.assert_allclose(resampled.mean((2, 3)), maps.mean((2, 3)), rtol=1e-5)


def test_the_folder_is_the_registry():
    listed = [
        "grad_cam",
        "gradient_shap",
        "guided_grad_cam",
        "input_x_gradient",
        "integrated_gradients",
        "lime",
        "saliency",
    ]
    assert interface.names() == listed
    for wrong in ("gradients", "interface", "integrated_gradients-0", "integrated_gradients-x"):
        with pytest.raises(UserError, match=f"method {wrong}: no such explanation; known are grad_cam, "):
            interface.load(wrong)


def test_steps_of_a_method_that_has_none_are_refused() -> None:
    with pytest.raises(UserError, match="saliency takes no steps; write saliency"):
        interface.load("saliency-10")
