"""A weight-sharing super-network: one residual network whose stages can be run shallower and narrower.

Every sub-network reads the leading part of the same tensors, so the channels are first put in the order of their L1
norm (Cai et al. 2020, "Once-for-all", section 3.3).
"""

import copy
from functools import lru_cache
from itertools import chain

import torch
from torch import Tensor, nn
from torch.func import functional_call

from heterodox.networks.subnetworks import Configuration, Joint, cut, joints, rearrange

REMEMBERED_FRAMES = 64


@torch.no_grad()
def sort_channels(network: nn.Module) -> None:
    """Put the channels of all stages in falling order of importance, in place; what the network computes stays."""
    for joint in joints(network):
        order = importance(joint).argsort(descending=True, stable=True)
        for layer in chain(*joint.producers):
            _sort(layer, 0, order)
        for layer in joint.consumers:
            _sort(layer, 1, order)


def _sort(layer: nn.Module, axis: int, order: Tensor) -> None:
    rearrange(layer, axis, lambda tensor: tensor.index_select(axis, order))


def importance(joint: Joint) -> Tensor:
    """Return the L1 norm per channel (channels,) of the filters that read it, times its gains; higher = more important.

    The filters that write a channel say little: batch normalisation divides their norm out. Where a residual sum ties
    several layers together, the norms and the gains of all of them are added. In float64, so that no device's order of
    summation decides.
    """
    norms = [layer.weight.double().abs().transpose(0, 1).flatten(1).sum(1) for layer in joint.consumers]
    gains = [norm.weight.double().abs() for _, norm in joint.producers]
    return torch.stack(norms).sum(0) * torch.stack(gains).sum(0)


class SuperNetwork:
    """Runs sub-networks of `network`, whose channels are sorted, with the network's own weights.

    Not a module itself: its weights are the network's, and a second registration would store them twice.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        frame = copy.deepcopy(network).to("meta")  # structure without values
        self._frame = lru_cache(REMEMBERED_FRAMES)(lambda configuration: cut(frame, configuration).train())

    def logits(self, images: Tensor, configuration: Configuration) -> Tensor:
        """Return the logits (n, classes) of normalised images (n, C, H, W), with the batch's own statistics.

        Gradients reach the network's weights; its running statistics stay as they are. What a sub-network says on its
        own, with recalibrated statistics, `subnetworks.cut` tells.
        """
        frame = self._frame(configuration)
        own = dict(self.network.named_parameters()) | {
            name: buffer.clone() for name, buffer in self.network.named_buffers()
        }
        wanted = [*frame.named_parameters(), *frame.named_buffers()]
        leading = {name: own[name][tuple(map(slice, tensor.shape))] for name, tensor in wanted}
        return functional_call(frame, leading, (images,), strict=True)
