"""Equal networks as one: their parameters stacked, each operation done for all of them at once (torch.func)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from heterodox.networks.loading import Member

# Devices on which one batched pass is taken. On a CPU it was 1.2 to 2.1 times slower than separate passes: grouped
# convolutions lose more than is saved. A GPU is taken to gain, as it waits for kernels to be launched while networks
# are small; bench/team_training.py prints the ratio on either.
DEVICES = ("cuda",)


def worthwhile(archs: Sequence[str], model: str, member: Member) -> bool:
    """Say whether members of these `archs` are better run as one on the device of `member`, one of them.

    Only small networks leave a GPU waiting, and only those that draw no numbers, such as dropout's, compute the same.
    """
    equal = len(set(archs)) == 1 and model == "small"
    return equal and member.mean.device.type in DEVICES and not _draws_numbers(member.network)


def _draws_numbers(network: nn.Module) -> bool:
    """Say whether a layer has a probability of dropping something; dropout calls it p, timm's stochastic depth so."""
    return any(getattr(layer, name, 0) for layer in network.modules() for name in ("p", "drop_prob"))


def batched_logits(members: Sequence[Member], seen: Tensor) -> Tensor:
    """Return the logits (M, n, classes) of pixels in [0, 1]: (n, C, H, W) for all or (M, n, C, H, W), each its own.

    The members have equal networks, mean, std and resolution. As in separate passes, gradients reach every member's own
    parameters, and in training mode its running statistics move.
    """
    networks = [member.network for member in members]
    parameters, buffers = _stacked(networks, "named_parameters"), _stacked(networks, "named_buffers")

    def logits(own_parameters: dict[str, Tensor], own_buffers: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(networks[0], (own_parameters, own_buffers), (images,))

    images = members[0].normalised(seen.flatten(0, -4)).unflatten(0, seen.shape[:-3])
    where = 0 if seen.ndim == 5 else None
    together = torch.vmap(logits, (0, 0, where), randomness="error")(parameters, buffers, images)
    if networks[0].training:
        _give_back(networks, buffers)
    return together


def _stacked(networks: Sequence[nn.Module], listing: str) -> dict[str, Tensor]:
    of_networks = [dict(getattr(network, listing)()) for network in networks]
    return {name: torch.stack([own[name] for own in of_networks]) for name in of_networks[0]}


@torch.no_grad()
def _give_back(networks: Sequence[nn.Module], buffers: dict[str, Tensor]) -> None:
    for place, network in enumerate(networks):
        for name, own in network.named_buffers():
            own.copy_(buffers[name][place])
