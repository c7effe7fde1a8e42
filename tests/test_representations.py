"""CKA of networks' layers against CKA of features that are kept whole; what hooks see and leave behind."""

import logging

import numpy as np
import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.metrics.similarity import MinibatchCKA, centred
from heterodox.networks import loading
from heterodox.representations import gram, layer_grams, layer_similarity
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.members import write_member
from heterodox.storage.tables import read_table
from scripts.measure_similarity import measure_similarity

COUNT = 22


@pytest.fixture
def images(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, 28, 28, 1), dtype=np.uint8)
    path = tmp_path / "test.h5"
    with write_images(path, (28, 28, 1), np.zeros(COUNT), np.arange(COUNT), ["a", "b", "c"]) as writer:
        writer.append(pixels)
    with ImageFile(path) as file:
        yield file


def member_of(arch: str) -> loading.Member:
    network = loading.build(arch, (1, 28, 28), 3, seed=1, member=arch).train()
    for seed in range(3):
        network(torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(seed)))
    return loading.Member(network, [0.3], [0.2], (28, 28)).eval()


class Tokens(nn.Module):
    """Layers of the kinds that a hook meets: in place, a pair, used twice, of half the images, without a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(6, 4)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout()
        self.recurrent = nn.GRU(4, 3, batch_first=True)
        self.size = Size()
        self.unused = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.embed(x))
        y, _ = self.recurrent(self.dropout(x))
        return self.relu(y - 0.1)[: self.size(x)]


class Size(nn.Module):
    def forward(self, x: torch.Tensor) -> int:
        return len(x)


def centred_gram(features: torch.Tensor) -> np.ndarray:
    values = features.detach().double().reshape(len(features), -1).numpy()
    values = values - values.mean(axis=0)
    return values @ values.T


def test_outputs_are_those_before_another_layer_overwrites_them() -> None:
    network, x = Tokens().eval(), torch.randn(8, 5, 6)
    with torch.no_grad():
        embedded = network.embed(x).clone()
        positive = embedded.clamp(min=0)
        pair = network.recurrent(positive)[0]
    found = layer_grams(network, x)
    expected = {"embed": embedded, "relu": positive, "recurrent": pair, "relu#2": (pair - 0.1).clamp(min=0)}
    assert list(found) == list(expected)  # in the order of the pass; nothing that only hands on, nothing unreached
    for name, features in expected.items():
        np.testing.assert_allclose(found[name], centred_gram(features), rtol=1e-4, atol=1e-5)
        assert found[name].dtype == np.float64


def test_named_layers_are_found_or_the_error_names_them() -> None:
    network, x = Tokens().eval(), torch.randn(8, 5, 6)
    assert list(layer_grams(network, x, ["relu#2", "embed"])) == ["embed", "relu#2"]
    assert list(layer_grams(network, x, ["dropout"])) == ["dropout"]
    for name in ("unused", "relu#3", "embde"):
        with pytest.raises(UserError, match=f"layer {name}: the network has no such layer, or no pass reaches it"):
            layer_grams(network, x, ["embed", name])
    with pytest.raises(UserError, match="layer size: its output is no tensor with 8 images first"):
        layer_grams(network, x, ["size"])


def test_windows_of_an_image_belong_to_it() -> None:
    class Windows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x.reshape(len(x) * 4, 3)).reshape(len(x), -1)

    network, x = Windows(), torch.randn(6, 12)
    np.testing.assert_allclose(layer_grams(network, x)["layer"], centred_gram(network(x)), rtol=1e-4, atol=1e-5)


def test_no_hook_and_no_graph_stays_even_after_an_error(monkeypatch) -> None:
    network, seen = Tokens().eval(), []
    monkeypatch.setattr(network.size, "forward", lambda x: seen.append(x) or len(x))
    layer_grams(network, torch.randn(8, 5, 6, requires_grad=True))
    assert not seen[0].requires_grad
    assert torch.is_grad_enabled()
    with pytest.raises(RuntimeError):
        layer_grams(network, torch.randn(8, 5, 7))
    with pytest.raises(UserError, match="embed: its outputs are not finite"):
        layer_grams(network, torch.full((8, 5, 6), torch.nan))
    assert not [name for name, module in network.named_modules() if module._forward_hooks]


@pytest.mark.parametrize("arch", ["vgg", "swin"])
def test_similarity_is_that_of_stored_features(images, arch) -> None:
    """Features of all images are kept, centred over all of them, and go through MinibatchCKA batch by batch."""
    members, rows = [member_of("vgg"), member_of(arch)], np.random.default_rng(3).permutation(COUNT)
    pixels = torch.tensor(images.images()[rows].transpose(0, 3, 1, 2) / 255, dtype=torch.float32)
    stored = [stored_features(member, pixels) for member in members]
    similarity = MinibatchCKA()
    for start in (0, 8):
        similarity.update(
            *(np.stack([centred_gram(x)[start : start + 8, start : start + 8] for x in own.values()]) for own in stored)
        )
    found = layer_similarity(*members, images, rows, batch_size=8)
    assert list(found.columns) == ["layer_a", "layer_b", "cka"]
    assert found["layer_a"].unique().tolist() == list(stored[0])
    assert found["layer_b"].unique().tolist() == list(stored[1])
    np.testing.assert_allclose(found["cka"], similarity.value().ravel(), atol=1e-4)
    if arch == "vgg":
        np.testing.assert_allclose(found.loc[found["layer_a"] == found["layer_b"], "cka"], 1)


def stored_features(member: loading.Member, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    features: dict[str, torch.Tensor] = {}
    for name, module in member.network.named_modules():
        if not list(module.children()) and not isinstance(module, nn.Identity | nn.Dropout):
            module.register_forward_hook(
                lambda module, inputs, output, name=name: features.update(
                    {name: output.clone().reshape(len(pixels), -1)}
                )
            )
    member(pixels)
    for module in member.network.modules():
        module._forward_hooks.clear()
    return features


def test_a_last_batch_that_is_not_full_is_left_out_and_logged(images, caplog) -> None:
    member, rows = member_of("vgg"), np.arange(COUNT)
    with caplog.at_level(logging.INFO):
        named = layer_similarity(member, member, images, rows, 10, (["classifier"], ["features.0"]))
    assert "the last 2 of 22 images fill no batch" in caplog.text
    assert (
        named["cka"].item()
        == layer_similarity(member, member, images, rows[:20], 10, (["classifier"], ["features.0"]))["cka"].item()
    )
    with pytest.raises(UserError, match=r"test\.h5: 22 images are less than one batch"):
        layer_similarity(member, member, images, rows, 23)


@pytest.mark.parametrize(("common", "scale"), [(1e4, 1.0), (0.0, 1e-30), (0.0, 1e25), (-3e5, 1e3)])
def test_badly_scaled_features_keep_their_precision(common: float, scale: float) -> None:
    """float32 against the same float32 values multiplied in float64."""
    features = (torch.randn(16, 4000, generator=torch.Generator().manual_seed(0)) * scale + common).float()
    # A mean that is rounded adds to whole rows and columns, which the centring for HSIC takes away again.
    found, expected = (centred(values) for values in (gram(features).numpy(), centred_gram(features)))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_what_varies_by_rounding_alone_is_constant() -> None:
    constant = torch.full((16, 5), 3.7).nextafter(torch.tensor(4.0) * torch.randint(0, 2, (16, 5)))
    assert not gram(constant).any()
    mixed = torch.cat([constant, torch.randn(16, 3)], dim=1)
    np.testing.assert_allclose(gram(mixed).numpy(), centred_gram(mixed), atol=1e-4)
    assert torch.isfinite(gram(torch.full((16, 5), 1e-45) * torch.arange(16)[:, None])).all()


def test_half_precision_is_widened_first() -> None:
    features = (torch.randn(16, 4000) * 100).half()
    np.testing.assert_allclose(gram(features).numpy(), centred_gram(features), rtol=1e-4, atol=1)


def test_the_script_writes_a_tidy_table_that_is_the_same_again(images, tmp_path) -> None:
    described = {"arch": "vgg", "model": "small", "classes": ["a", "b", "c"], "mean": [0.3], "std": [0.2]}
    described |= {"resolution": [28, 28], "channels": 1}
    for name in ("007", "b"):
        write_member(tmp_path / f"{name}.safetensors", member_of("vgg").network.state_dict(), described)
    config = {"seed": 1, "dataset": "toy", "images": 20, "batch_size": 8, "layers": {"b": ["classifier"]}}
    spec = {"wildcards": {"first": "007", "second": "b", "shift": "clean"}, "config": config}
    weights = [tmp_path / "007.safetensors", tmp_path / "b.safetensors"]
    for table in ("one.csv", "two.csv"):
        measure_similarity(spec, weights, images.path, tmp_path / table)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    table = read_table(tmp_path / "one.csv", ["first", "second", "shift", "layer_a", "layer_b", "cka"])
    assert table["first"].unique().tolist() == ["007"]
    assert table["layer_b"].unique().tolist() == ["classifier"]
    assert len(table) == table["layer_a"].nunique() == 16
    assert table["cka"].iloc[-1] == pytest.approx(1)


def test_images_of_other_channels_are_refused(images) -> None:
    colour = loading.Member(loading.build("vgg", (3, 28, 28), 3), [0.3] * 3, [0.2] * 3, (28, 28))
    with pytest.raises(UserError, match="1 channels, but a member takes 3"):
        layer_similarity(member_of("vgg"), colour, images, np.arange(COUNT), 8)
