from pathlib import Path

import pytest
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.heads import load_heads, load_trunk, new_head, spatial_layers, stored_tensors
from heterodox.networks.loading import Member, build
from heterodox.storage.members import write_member

PIXELS = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
DESCRIPTION = {
    **{"arch": "vgg", "model": "small", "channels": 3, "resolution": [32, 32], "mean": [0.4] * 3, "std": [0.3] * 3},
    **{"features": 64, "head": [7], "pool": 2, "outputs": ["a", "b"], "multi_label": False},
}


@pytest.mark.parametrize(
    ("arch", "model"),
    [("vgg", "small"), ("resnet", "small"), ("resnext", "small"), ("resnet", "resnet18")],
)
def test_a_trunk_and_a_linear_head_are_the_network(arch: str, model: str) -> None:
    """The trunk's maps, their mean and the network's own last layer give the network's logits."""
    network = build(arch, (3, 32, 32), 5, model).eval()
    with torch.no_grad():
        maps = spatial_layers(network, arch)(PIXELS)
        last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
        head = new_head(maps.shape[1], 5, [], 1)
        head.output.load_state_dict(last.state_dict())
        torch.testing.assert_close(head(maps), network(PIXELS))


def test_a_network_without_maps_before_its_classifier_is_one_line() -> None:
    with pytest.raises(UserError, match="arch vit: its features are no maps in front of one classifier; take resnet"):
        spatial_layers(build("vit", (3, 32, 32), 5), "vit")


def test_a_pool_of_two_takes_the_means_of_four_quarters() -> None:
    maps = torch.arange(16.0).view(1, 1, 4, 4)
    head = new_head(1, 4, [], 2)
    with torch.no_grad():
        head.output.weight.copy_(torch.eye(4))
        head.output.bias.zero_()
    assert head(maps).tolist() == [[2.5, 4.5, 10.5, 12.5]]


def heads(count: int) -> dict[str, torch.Tensor]:
    made = [new_head(64, 2, [7], 2).state_dict() for _ in range(count)]
    return {name: torch.stack([head[name] for head in made]) for name in made[0]}


def test_members_of_a_frozen_backbone_share_its_trunk_and_compute_what_was_stored(tmp_path: Path) -> None:
    layers, stacked = spatial_layers(build("vgg", (3, 32, 32), 1, seed=3), "vgg").eval(), heads(3)
    write_member(tmp_path / "set.safetensors", stored_tensors([layers], stacked), DESCRIPTION)
    ensemble = load_heads(tmp_path / "set.safetensors")
    assert (ensemble.outputs, ensemble.multi_label, len(ensemble.members)) == (["a", "b"], False, 3)
    trunk = Member(layers, [0.4] * 3, [0.3] * 3, (32, 32))
    for place, member in enumerate(ensemble.members):
        assert member.trunk is ensemble.members[0].trunk
        assert not member.training
        assert not any(parameter.requires_grad for parameter in member.parameters())
        maps = nn.functional.adaptive_avg_pool2d(trunk(PIXELS), 2).flatten(1)
        hidden = (maps @ stacked["hidden_1.weight"][place].T + stacked["hidden_1.bias"][place]).relu()
        expected = hidden @ stacked["output.weight"][place].T + stacked["output.bias"][place]
        torch.testing.assert_close(member(PIXELS), expected)


def test_fine_tuned_members_have_trunks_of_their_own(tmp_path: Path) -> None:
    layers = [spatial_layers(build("vgg", (3, 32, 32), 1, seed=seed), "vgg").eval() for seed in (1, 2)]
    write_member(tmp_path / "set.safetensors", stored_tensors(layers, heads(2)), DESCRIPTION)
    first, second = load_heads(tmp_path / "set.safetensors").members
    assert first.trunk is not second.trunk
    for member, own in zip((first, second), layers, strict=True):
        for name, values in own.state_dict().items():
            assert torch.equal(member.trunk.network.state_dict()[name], values)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda found: found.pop("pool"), "its description lacks 'pool'; train the heads again"),
        (lambda found: found.update(head=[9]), "does not fit its description"),
        (lambda found: found.update(arch="resnet"), "does not fit its description"),
    ],
)
def test_a_description_that_does_not_fit_is_one_line(change, fault: str, tmp_path: Path) -> None:
    described = dict(DESCRIPTION)
    change(described)
    layers = spatial_layers(build("vgg", (3, 32, 32), 1), "vgg")
    write_member(tmp_path / "set.safetensors", stored_tensors([layers], heads(2)), described)
    with pytest.raises(UserError, match=fault) as caught:
        load_heads(tmp_path / "set.safetensors")
    assert "\n" not in str(caught.value)


def test_the_trunk_of_a_backbone_is_its_own(tmp_path: Path) -> None:
    network = build("resnet", (3, 32, 32), 4, seed=5).eval()
    described = DESCRIPTION | {"arch": "resnet", "classes": list("abcd")}
    write_member(tmp_path / "backbone.safetensors", network.state_dict(), described)
    trunk, features = load_trunk(tmp_path / "backbone.safetensors")
    assert features == 128
    with torch.no_grad():
        torch.testing.assert_close(trunk(PIXELS), network.forward_features((PIXELS - 0.4) / 0.3))
