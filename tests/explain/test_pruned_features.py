"""Grad-CAM of a part of the features, against captum and by hand."""

import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from heterodox.errors import UserError
from heterodox.explain.pruned_features import feature_grad_cam


class Backbone(nn.Module):
    """Two convolutions and a mean over places; `features` is what Grad-CAM looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.pool = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3, stride=2), nn.AdaptiveAvgPool2d(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.pool(self.second(self.first(images).relu())).flatten(1)


@pytest.fixture
def networks() -> tuple[Backbone, nn.Module, torch.Tensor]:
    with torch.random.fork_rng([]):
        torch.manual_seed(4)
        head = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
        return Backbone().eval(), head.eval(), torch.rand(4, 1, 12, 12)


def test_of_all_features_it_is_grad_cam(networks) -> None:
    backbone, head, images = networks
    whole = nn.Sequential(backbone, head)
    expected = LayerGradCam(whole, backbone.second).attribute(images, whole(images).argmax(1), relu_attributions=True)
    torch.testing.assert_close(feature_grad_cam(backbone, head, images, None), expected[:, 0].detach())


def test_of_some_features_it_is_the_map_of_their_channels(networks) -> None:
    backbone, head, images = networks
    maps = backbone.second(backbone.first(images).relu()).detach()
    values = maps.mean((2, 3)).requires_grad_()
    logits = head(values)
    (slopes,) = torch.autograd.grad(logits.amax(1).sum(), values)
    chosen = [1, 4]
    places = maps.shape[2] * maps.shape[3]
    expected = (slopes[:, chosen, None, None] * maps[:, chosen]).sum(1).relu() / places
    torch.testing.assert_close(feature_grad_cam(backbone, head, images, chosen), expected)


def test_a_backbone_without_places_is_refused(networks) -> None:
    _, head, _ = networks
    with pytest.raises(UserError, match="no spatial maps"):
        feature_grad_cam(nn.Sequential(nn.Flatten(), nn.Linear(144, 6)), head, torch.rand(2, 1, 12, 12), None)
