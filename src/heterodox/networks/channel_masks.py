"""Masks over channels of a residual network's early blocks: what is cut is really gone, and all features change.

The genes are the channels of the first stage: those of the residual sum, which its blocks (and a stem that no
projection separates from it) write and read together, then those inside each branch.
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.subnetworks import Joint, joints, rearrange, stages


def early_joints(network: nn.Module, where: str) -> list[Joint]:
    """Return the groups of channels that are cut together in the first stage, in the order of the genes.

    UserError, beginning with `where`, for a network that is not residual.
    """
    if len(stages(network)) < 4 or not hasattr(network, "fc"):
        raise UserError(f"{where}: channels are cut in residual networks alone; take a resnet, or leave channels out")
    found = [joint for joint in joints(network) if joint.stage == 0]
    if any(convolution.groups > 1 for joint in found for convolution, _ in joint.producers):
        raise UserError(f"{where}: the network's convolutions are grouped; take a plain resnet, or leave channels out")
    return found


def channel_counts(network: nn.Module, where: str) -> list[int]:
    """Return how many channels each group has; a mask has a gene for each."""
    return [joint.channels for joint in early_joints(network, where)]


def without_channels(network: nn.Module, mask: np.ndarray, where: str) -> nn.Module:
    """Return a smaller copy that lacks the channels whose gene is off; mask (genes,) bool.

    It computes what the network does whose normalised channels are zero there. ValueError for a mask that leaves a
    group without channels: it has to be repaired first.
    """
    small = copy.deepcopy(network)
    groups = early_joints(small, where)
    ends = np.cumsum([joint.channels for joint in groups])
    if mask.shape != (ends[-1],):
        raise ValueError(f"a mask of shape {mask.shape}: there are {ends[-1]} channels")
    for joint, own in zip(groups, np.split(np.asarray(mask, bool), ends[:-1]), strict=True):
        if not own.any():
            raise ValueError("a mask leaves a layer without channels; repair it first")
        _keep(joint, torch.from_numpy(np.flatnonzero(own)))
    return small


def _keep(joint: Joint, places: torch.Tensor) -> None:
    for convolution, norm in joint.producers:
        rearrange(convolution, 0, lambda tensor: tensor.index_select(0, places.to(tensor.device)))
        rearrange(norm, 0, lambda tensor: tensor.index_select(0, places.to(tensor.device)))
        convolution.out_channels = norm.num_features = len(places)
    for reader in joint.consumers:
        rearrange(reader, 1, lambda tensor: tensor.index_select(1, places.to(tensor.device)))
        if isinstance(reader, nn.Conv2d):
            reader.in_channels = len(places)


def gene_slices(counts: Sequence[int]) -> list[slice]:
    """Return where the genes of each group stand in a mask."""
    ends = np.cumsum(counts).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
