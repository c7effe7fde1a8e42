"""Methods of explanation by name. The registry is this folder: a file with a function `explain` is a method."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path

import torch

from heterodox.errors import UserError
from heterodox.networks.loading import Member

SHARED_MODULES = {"__init__", "interface", "input_perturbation", "pruned_features"}
Method = Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]


def names() -> list[str]:
    """Return the methods: the files of this folder beside those that serve them or something else."""
    return sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - SHARED_MODULES)


def load(name: str) -> Method:
    """Return a method's `explain`; `integrated_gradients-10` is that method with `steps` 10. UserError if unknown."""
    stem, _, steps = name.partition("-")
    if stem not in names() or (steps and not (steps.isdecimal() and int(steps) > 0)):
        raise UserError(f"method {name}: no such explanation; known are {', '.join(names())}, steps after a hyphen")
    explain = import_module(f"heterodox.explain.{stem}").explain
    if steps and "steps" not in signature(explain).parameters:
        raise UserError(f"method {name}: {stem} takes no steps; write {stem}")
    return partial(explain, steps=int(steps)) if steps else explain


def explain_member(method: Method, member: Member, pixels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the maps of a member at the stored size, float32 (N, C, H, W), for pixels in [0, 1].

    The gradient is taken at the member's own resolution, with respect to the resized pixels; the maps are
    then averaged over the area of each stored pixel.
    """
    return area_resampled(method(member, member.resized(pixels), targets), pixels.shape[-2:])


def area_resampled(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Return maps (N, C, h, w) resampled by area to `size` (H, W), up or down; every map keeps its mean.

    A new pixel is the mean of the old ones that it covers, each weighted by the share of the new pixel that it fills.
    (interpolate(mode="area") gives whole weight to every old pixel that a new one touches.)
    """
    if maps.shape[-2:] == size:
        return maps
    rows, columns = (area_weights(*sides).to(maps) for sides in zip(maps.shape[-2:], size, strict=True))
    return rows @ maps @ columns.T


def area_weights(old: int, new: int) -> torch.Tensor:
    """Return float64 (new, old): the share of each of `new` equal intervals that each of `old` fills; rows sum to 1."""
    first, last = torch.arange(old) * new, torch.arange(1, old + 1) * new  # whole numbers, so that shares are exact
    start, end = (torch.arange(new) * old)[:, None], (torch.arange(1, new + 1) * old)[:, None]
    return (torch.minimum(last, end) - torch.maximum(first, start)).clamp(min=0).double() / old
