"""Every method against captum called directly, whatever is shared and however the work is cut."""

import captum.attr
import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnLasso
from torch import nn
from torch.nn import functional

from heterodox.errors import UserError
from heterodox.explain import grad_cam, gradient_shap, interface, lime
from heterodox.networks.heads import HeadMember

SMALL = 24  # side of the images


class Convolutional(nn.Module):
    """Two convolutions with modules for ReLUs, as captum's guided methods need them; a head with a hidden layer."""

    def __init__(self, channels=3, outputs=4):
        super().__init__()
        self.first, self.relu = nn.Conv2d(channels, 6, 3, padding=1, stride=2), nn.ReLU()
        self.second, self.last_relu = nn.Conv2d(6, 8, 3, padding=1, stride=2), nn.ReLU()
        self.hidden, self.hidden_relu, self.output = nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, outputs)

    def maps(self, pixels):
        return self.last_relu(self.second(self.relu(self.first(pixels))))

    def forward(self, pixels):
        return self.output(self.hidden_relu(self.hidden(self.maps(pixels).mean((2, 3)))))


class InPlace(Convolutional):
    """The same function with one ReLU used everywhere, in place, and one that is no module."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def maps(self, pixels):
        return functional.relu(self.second(self.relu(self.first(pixels))), inplace=True)

    def forward(self, pixels):
        return self.output(self.relu(self.hidden(self.maps(pixels).mean((2, 3)))))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return Convolutional().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def pixels():
    generator = torch.Generator().manual_seed(5)
    return torch.randint(256, (5, 3, SMALL, SMALL), generator=generator).float() / 255


TARGETS = torch.tensor([3, 0, 1, 2, 0])


def close(found, expected):
    torch.testing.assert_close(found, expected.detach().abs().float(), rtol=1e-4, atol=1e-7)


def test_saliency(network, pixels):
    expected = captum.attr.Saliency(network).attribute(pixels.clone().requires_grad_(), TARGETS)
    close(interface.load("saliency")(network, pixels, TARGETS), expected)


def test_input_x_gradient(network, pixels):
    expected = captum.attr.InputXGradient(network).attribute(pixels.clone().requires_grad_(), TARGETS)
    close(interface.load("input_x_gradient")(network, pixels, TARGETS), expected)
    signed = interface.load("input_x_gradient", signed=True)(network, pixels, TARGETS)
    torch.testing.assert_close(signed, expected.detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("steps", [1, 7, 50])
def test_integrated_gradients(network, pixels, steps):
    expected = captum.attr.IntegratedGradients(network).attribute(pixels, target=TARGETS, n_steps=steps)
    close(interface.load(f"integrated_gradients-{steps}")(network, pixels, TARGETS), expected)


def test_gradient_shap_with_the_same_draws(network, pixels, monkeypatch):
    """Captum draws baselines and places from NumPy's global generator, which here hands out ours."""
    samples = 6
    method = interface.load(f"gradient_shap-{samples}", seed=2)
    drawn = gradient_shap.draws(interface.Setting(1, interface.content_keys(pixels), 2), samples)
    greys = drawn[..., 0].flatten()[:, None, None, None].expand(-1, 3, SMALL, SMALL)
    monkeypatch.setattr(np.random, "choice", lambda count, size: np.arange(size))
    monkeypatch.setattr(np.random, "uniform", lambda low, high, size: drawn[..., 1].flatten().numpy())
    explainer = captum.attr.GradientShap(network)
    expected = explainer.attribute(pixels, greys, n_samples=samples, stdevs=0.0, target=TARGETS)
    close(method(network, pixels, TARGETS), expected)


@pytest.mark.parametrize("layer", ["first", "second", None])
def test_grad_cam(network, pixels, layer):
    module = {"first": network.first, "second": network.second, None: network.second}[layer]
    small = captum.attr.LayerGradCam(network, module).attribute(pixels, TARGETS, relu_attributions=True)
    expected = captum.attr.LayerAttribution.interpolate(small, (SMALL, SMALL), "bilinear")
    found = interface.load("grad_cam", layer=layer)(network, pixels, TARGETS)
    assert found.any()
    close(found, expected)


def test_guided_grad_cam(network, pixels):
    explainer = captum.attr.GuidedGradCam(network, network.second)
    with pytest.warns(UserWarning, match="hook"):  # captum tells that it sets hooks
        expected = explainer.attribute(pixels.clone().requires_grad_(), TARGETS, interpolate_mode="bilinear")
    close(interface.load("guided_grad_cam")(network, pixels, TARGETS), expected)


@pytest.mark.parametrize("method", interface.names())
def test_relus_in_place_used_twice_or_no_modules_change_nothing(network, pixels, method):
    twin = InPlace()
    twin.load_state_dict(network.state_dict())
    explain = interface.load(method, samples=20)
    found = explain(twin.eval().requires_grad_(False), pixels, TARGETS)
    torch.testing.assert_close(found, explain(network, pixels, TARGETS), rtol=1e-4, atol=1e-7)
    assert found.any()


def test_lime_with_the_same_draws(network, pixels):
    samples, superpixels = 60, 12
    setting = interface.Setting(1, interface.content_keys(pixels), 4)
    method = interface.load(f"lime-{samples}", seed=4, superpixels=superpixels, signed=True)
    found = method(network, pixels, TARGETS)
    assert found.any()
    for place in range(2):
        segments = torch.from_numpy(lime.segmented(pixels[place], superpixels))
        kept = lime.kept_superpixels(setting, setting.keys[place], samples, int(segments.max()) + 1)
        spread = network(pixels[place] * kept[:, segments][:, None])[:, TARGETS[place]].double().std(correction=0)
        draws = iter(kept[:, None])
        explainer = captum.attr.Lime(
            network,
            interpretable_model=SkLearnLasso(alpha=0.01 * float(spread)),
            perturb_func=lambda image, draws=draws, **_: next(draws),
        )
        expected = explainer.attribute(
            pixels[place : place + 1], target=int(TARGETS[place]), feature_mask=segments[None], n_samples=samples
        )
        torch.testing.assert_close(found[place], expected[0, :1], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_follow_the_edges_of_an_image(channels):
    image = torch.full((channels, 40, 40), 0.2)
    image[:, :, 17:] = 0.9
    segments = lime.segmented(image, 16)
    assert not set(segments[:, :17].flat) & set(segments[:, 17:].flat)
    assert 8 <= segments.max() + 1 <= 24
    assert set(segments.flat) == set(range(segments.max() + 1))


def members(count=3, shared=True):
    torch.manual_seed(1)
    trunks = [
        nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(inplace=True), nn.Conv2d(6, 8, 3)) for _ in range(count)
    ]
    heads = [
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 4))
        for _ in range(count)
    ]
    made = [HeadMember(trunks[0 if shared else place], head) for place, head in enumerate(heads)]
    return [member.eval().requires_grad_(False) for member in made]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("method", interface.names())
def test_members_have_the_maps_that_each_has_alone(method, shared, pixels):
    explain, networks = interface.load(method, samples=20, seed=1), members(shared=shared)
    targets = torch.stack([TARGETS, TARGETS.flip(0), TARGETS.roll(1)])
    found = explain.of_members(networks, pixels, targets)
    for maps, network, own in zip(found, networks, targets, strict=True):
        torch.testing.assert_close(maps, explain(network, pixels, own), rtol=1e-4, atol=1e-7)
    assert not torch.allclose(found[0], found[1])


@pytest.mark.parametrize("method", interface.names())
def test_maps_do_not_depend_on_batch_or_chunk(method, pixels, monkeypatch):
    explain, networks = interface.load(method, samples=10, seed=1), members()
    whole = explain.of_members(networks, pixels, TARGETS)
    monkeypatch.setattr(interface, "rows_within", lambda *_: (2, 3))
    cut = explain.of_members(networks, pixels, TARGETS)
    torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-7)
    alone = explain.of_members(networks, pixels[3:4], TARGETS[3:4])
    torch.testing.assert_close(alone, whole[:, 3:4], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", ["gradient_shap-3", "lime-10"])
def test_draws_belong_to_seed_image_and_repetition(method, network, pixels):
    def maps(seed=1, repetition=0, keys=None):
        return interface.load(method, seed=seed, repetition=repetition)(network, pixels, TARGETS, keys)

    torch.testing.assert_close(maps(), maps())
    for other in (maps(seed=2), maps(repetition=1), maps(keys=list("abcde"))):
        assert not torch.allclose(other, maps())
    twice = interface.load(method, seed=1)(network, pixels[[0, 0]], TARGETS[[0, 0]])
    torch.testing.assert_close(twice[0], twice[1])


def test_an_unknown_layer_is_one_line_with_the_known_ones(network, pixels):
    for name in ("third", "relu"):
        with pytest.raises(UserError, match=rf"^layer {name}: no layer is called so; known are first, second$"):
            interface.load("grad_cam", layer=name)(network, pixels, TARGETS)


def test_a_network_without_feature_maps_has_no_grad_cam(pixels):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * SMALL**2, 4))
    with pytest.raises(UserError, match="no feature maps for Grad-CAM"):
        interface.load("grad_cam")(network, pixels, TARGETS)


def test_the_default_layer_is_the_last_convolutional_stage(pixels):
    stages = grad_cam.convolutional_stages(members()[0].trunk, pixels[:1])
    assert list(stages) == ["0", "2"]
    classifier = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert grad_cam.find_layer(classifier, pixels[:1], None) is classifier[0]
