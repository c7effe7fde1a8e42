"""Methods of explanation by name, all used alike: `maps = method(network, pixels, targets)`.

The registry is this folder: a file with a function `explain` is a method. That function works on members that share a
trunk, on as many images as its `Setting` says; `Method` cuts the work into pieces that fit in memory, and puts the
members' maps together.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.explain.memory import DEFAULT_BYTES, rows_within
from heterodox.explain.shared import Shared, groups
from heterodox.networks.loading import Member

COUNTS = ("steps", "samples")  # what the number behind a method's name may set


@dataclass(frozen=True)
class Setting:
    """How a method works on a piece: how many points go through the network at once, and whose draws it takes.

    `keys` name the images (n,): what is drawn for an image depends on the seed, its key and the repetition alone.
    `signed` keeps the sign of what has one.
    """

    rows: int
    keys: Sequence[str]
    seed: int = 0
    repetition: int = 0
    signed: bool = False

    def of(self, places: slice) -> "Setting":
        """Return the setting of a part of the images."""
        return Setting(self.rows, self.keys[places], self.seed, self.repetition, self.signed)

    def absolute(self, maps: Tensor) -> Tensor:
        """Return |maps|, or the maps with their sign where it is to be kept."""
        return maps if self.signed else maps.abs()


@dataclass(frozen=True)
class Method:
    """A method of explanation, ready to use.

    Called with a network that maps pixels in [0, 1] (n, C, H, W) to logits (n, outputs), pixels and targets (n,), it
    returns maps (n, channels, H, W), float32, higher = more relevant: one channel per colour, or a single one where the
    method has no colours. `budget` bounds the bytes it takes beside networks, pixels and result.
    """

    name: str
    explain: Callable[..., Tensor]
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    repetition: int = 0
    signed: bool = False
    budget: int = DEFAULT_BYTES

    def __call__(
        self, network: nn.Module, pixels: Tensor, targets: Tensor, keys: Sequence[str] | None = None
    ) -> Tensor:
        """Return the network's maps (n, channels, H, W)."""
        return self.of_members([network], pixels, targets, keys)[0]

    def of_members(
        self, networks: Sequence[nn.Module], pixels: Tensor, targets: Tensor, keys: Sequence[str] | None = None
    ) -> Tensor:
        """Return the maps of several networks (M, n, channels, H, W); targets are (n,), or (M, n) for one's own each.

        Members on one trunk share what can be shared. `keys` name the images; by default each is named by its pixels,
        so that the same image has the same map in any batch.
        """
        targets = targets.to(pixels.device).expand(len(networks), len(pixels))
        drawn = "samples" in signature(self.explain).parameters
        named = list(keys) if keys is not None else content_keys(pixels) if drawn else [""] * len(pixels)
        result = torch.empty(0)
        for places, members in groups(networks):
            for part, maps in self._pieces(members, pixels, targets[places], named):
                if not len(result):  # how many channels there are is the method's to say
                    result = maps.new_empty((len(networks), len(pixels), *maps.shape[2:]))
                for place, own in zip(places, maps, strict=True):
                    result[place, part] = own
        return result

    def _pieces(
        self, members: Shared, pixels: Tensor, targets: Tensor, keys: Sequence[str]
    ) -> Iterator[tuple[slice, Tensor]]:
        result_bytes = len(members.heads) * pixels[0].numel() * 4
        images, rows = rows_within(self.budget, members.trunk, pixels[:1], result_bytes)
        setting = Setting(rows, keys, self.seed, self.repetition, self.signed)
        for start in range(0, len(pixels), images):
            part = slice(start, start + images)
            yield part, self.explain(members, pixels[part].detach(), targets[:, part], setting.of(part), **self.options)


def names() -> list[str]:
    """Return the methods: the files of this folder that define `explain`."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [file.stem for file in files if "\ndef explain(" in file.read_text(encoding="utf-8")]


def load(name: str, **options: Any) -> Method:
    """Return a method by name; `integrated_gradients-10` is that method with `steps` 10. UserError if unknown.

    Options that are fields of `Method` (seed, budget, ...) are its own, all others go to the method's function.
    """
    stem, _, number = name.partition("-")
    if stem not in names() or (number and not (number.isdecimal() and int(number) > 0)):
        raise UserError(f"method {name}: no such explanation; known are {', '.join(names())}, steps after a hyphen")
    explain = import_module(f"heterodox.explain.{stem}").explain
    known = signature(explain).parameters
    counts = [count for count in COUNTS if count in known]
    if number and not counts:
        raise UserError(f"method {name}: {stem} takes no steps; write {stem}")
    chosen = {counts[0]: int(number)} if number else {}
    own = {key: options.pop(key) for key in ("seed", "repetition", "signed", "budget") if key in options}
    return Method(name, explain, chosen | {key: value for key, value in options.items() if key in known}, **own)


def content_keys(pixels: Tensor) -> list[str]:
    """Return a name for each image that is made of its pixels, rounded to 8 bits as they are stored."""
    stored = (pixels.detach() * 255).round().clamp(0, 255).to(torch.uint8).cpu().contiguous().numpy()
    return [hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in stored]


def in_rows(work: Callable[[slice], Tensor], count: int, rows: int, axis: int = 1) -> Tensor:
    """Return work(slice) for `count` images, `rows` at a time, joined along the images' axis."""
    return torch.cat([work(slice(start, start + rows)) for start in range(0, count, rows)], dim=axis)


def explain_member(method: Method, member: Member, pixels: Tensor, targets: Tensor) -> Tensor:
    """Return the maps of a member at the stored size, float32 (N, channels, H, W), for pixels in [0, 1].

    The gradient is taken at the member's own resolution, with respect to the resized pixels; the maps are
    then averaged over the area of each stored pixel.
    """
    return area_resampled(method(member, member.resized(pixels), targets), pixels.shape[-2:])


def area_resampled(maps: Tensor, size: torch.Size) -> Tensor:
    """Return maps (N, C, h, w) resampled by area to `size` (H, W), up or down; every map keeps its mean.

    A new pixel is the mean of the old ones that it covers, each weighted by the share of the new pixel that it fills.
    (interpolate(mode="area") gives whole weight to every old pixel that a new one touches.)
    """
    if maps.shape[-2:] == size:
        return maps
    rows, columns = (area_weights(*sides).to(maps) for sides in zip(maps.shape[-2:], size, strict=True))
    return rows @ maps @ columns.T


def area_weights(old: int, new: int) -> Tensor:
    """Return float64 (new, old): the share of each of `new` equal intervals that each of `old` fills; rows sum to 1."""
    first, last = torch.arange(old) * new, torch.arange(1, old + 1) * new  # whole numbers, so that shares are exact
    start, end = (torch.arange(new) * old)[:, None], (torch.arange(1, new + 1) * old)[:, None]
    return (torch.minimum(last, end) - torch.maximum(first, start)).clamp(min=0).double() / old
