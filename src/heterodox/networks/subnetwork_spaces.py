"""The sub-networks that a super-network offers: all combinations of depths and widths, and how large each one is."""

import math
from dataclasses import dataclass

import numpy as np
from torch import nn

from heterodox.errors import UserError
from heterodox.networks.subnetworks import Configuration, Joint, branch, full_configuration, joints, stages

LARGEST_SPACE = 20_000_000
Options = tuple[tuple[int, ...], ...]
Kept = dict[nn.Module, np.ndarray]


@dataclass(frozen=True)
class Space:
    """For each stage the `depths` and the `widths` to choose from, in rising order."""

    depths: Options
    widths: Options

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return how many choices there are for each depth, then for each width."""
        return tuple(len(options) for options in (*self.depths, *self.widths))

    @property
    def largest(self) -> Configuration:
        """Return the whole network."""
        return self.at([size - 1 for size in self.sizes])

    @property
    def smallest(self) -> Configuration:
        """Return the shallowest and narrowest sub-network."""
        return self.at([0] * len(self.sizes))

    def __len__(self) -> int:
        """Return the number of configurations."""
        return int(np.prod(self.sizes))

    def at(self, choices: "np.ndarray | list[int]") -> Configuration:
        """Return the configuration of these positions, one for each depth, then one for each width."""
        values = [
            options[choice] for options, choice in zip((*self.depths, *self.widths), map(int, choices), strict=True)
        ]
        return Configuration(tuple(values[: len(self.depths)]), tuple(values[len(self.depths) :]))

    def choices(self, rows: "np.ndarray | int") -> np.ndarray:
        """Return the positions (..., 2 x stages) of the configurations with these numbers, 0 .. len - 1."""
        return np.stack(np.unravel_index(rows, self.sizes), axis=-1)

    def draw(self, generator: np.random.Generator) -> Configuration:
        """Return a configuration; every depth and every width is drawn on its own, uniformly."""
        return self.at(generator.integers(0, self.sizes))

    def opened(self, depth_share: float, width_share: float) -> "Space":
        """Return the part with that share (0..1, rounded up) of the smaller depths and widths beside the full ones."""
        return Space(_upper(self.depths, depth_share), _upper(self.widths, width_share))

    def __str__(self) -> str:
        """Return the options of each stage."""
        depths, widths = (
            " x ".join(f"{{{', '.join(map(str, options))}}}" for options in many) for many in (self.depths, self.widths)
        )
        return f"depths {depths}, widths {widths}"


def _upper(many: Options, share: float) -> Options:
    return tuple(options[len(options) - 1 - int(np.ceil(share * (len(options) - 1))) :] for options in many)


def space_of(network: nn.Module, skipped_blocks: int, width_options: int, smallest_width: float) -> Space:
    """Return the space of a residual network.

    A stage may lose up to `skipped_blocks` residual branches, all of its own at most, and keeps one of `width_options`
    evenly spaced shares of its channels from `smallest_width` to all, rounded to whole channels.
    """
    full = full_configuration(network)
    shares = np.linspace(smallest_width, 1, width_options) if width_options > 1 else np.ones(1)
    space = Space(
        tuple(tuple(range(max(0, depth - skipped_blocks), depth + 1)) for depth in full.depths),
        tuple(tuple(sorted({max(1, round(share * width)) for share in shares})) for width in full.widths),
    )
    if len(space) > LARGEST_SPACE:
        raise UserError(f"the super-network has {len(space)} configurations; lower width_options or skipped_blocks")
    return space


def parameter_counts(network: nn.Module, space: Space) -> np.ndarray:
    """Return the number of parameters (len(space),) int64 of every configuration, in the order of `Space.choices`.

    Each tensor counts with the product of its axes as they are cut; no sub-network is built.
    """
    depths, widths = _along_axes(space)
    full, found = full_configuration(network), joints(network)

    def kept(joint: Joint) -> np.ndarray:
        return joint.channels * widths[joint.stage] // full.widths[joint.stage]

    written: Kept = {layer: kept(joint) for joint in found for producer in joint.producers for layer in producer}
    read: Kept = {layer: kept(joint) for joint in found for layer in joint.consumers}
    present = _presence(network, depths)
    counts = np.zeros(space.sizes, np.int64)
    for layer in network.modules():
        for parameter in layer.parameters(recurse=False):
            size = present.get(layer, np.ones((), np.int64))
            for axis, length in enumerate(parameter.shape):
                size = size * ((written, read)[axis].get(layer, length) if axis < 2 else length)
            counts += size
    return counts.ravel()


def _along_axes(space: Space) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the depths and the widths of each stage, each along its own axis of the space."""
    options = np.ix_(*(np.array(many, np.int64) for many in (*space.depths, *space.widths)))
    return list(options[: len(space.depths)]), list(options[len(space.depths) :])


def _presence(network: nn.Module, depths: list[np.ndarray]) -> Kept:
    """Return for each layer of a residual branch 1 where its stage is deep enough to hold it, else 0."""
    return {
        layer: (depth > position).astype(np.int64)
        for stage, depth in zip(stages(network), depths, strict=True)
        for position, block in enumerate(stage)
        for pair in branch(block)
        for layer in pair
    }


def within(counts: np.ndarray, target: int, tolerance: float) -> np.ndarray:
    """Return the rows (n,) of `counts` that lie within target x (1 -+ tolerance), rising."""
    return np.flatnonzero(np.abs(counts - target) <= tolerance * target)


def densest_target(counts: np.ndarray, tolerance: float) -> int:
    """Return the number of parameters whose window, target x (1 -+ tolerance), holds the most counts; the lowest such.

    Windows that begin at a count are enough: any other one can move up to the next count without losing one.
    """
    ordered = np.sort(counts)
    targets = np.floor(ordered / (1 - tolerance)).astype(np.int64)
    inside = np.searchsorted(ordered, targets * (1 + tolerance), "right") - np.searchsorted(
        ordered, targets * (1 - tolerance), "left"
    )
    return int(targets[inside.argmax()])


def sufficient_tolerance(counts: np.ndarray, needed: int, target: int | None) -> float | None:
    """Return the smallest tolerance, in whole thousandths, whose window holds `needed` counts; None where none does.

    The window lies around `target` or, where that is None, around the target that needs the least.
    """
    if len(counts) < needed:
        return None
    if target is None:
        ordered = np.sort(counts).astype(float)
        low, high = ordered[: len(ordered) - needed + 1], ordered[needed - 1 :]
        exact = ((high - low) / (high + low)).min()
    else:
        exact = np.sort(np.abs(counts - target) / target)[needed - 1]
    return math.ceil(exact * 1000) / 1000


def spread_choice(positions: np.ndarray, scores: np.ndarray, count: int) -> list[int]:
    """Return `count` rows of `positions` (n, axes) that score high and lie far apart, in the order they were taken.

    Of the better half by `scores` (n,; higher = better), or of the best `count` where that is more, the best comes
    first, then always the one whose nearest taken neighbour is farthest (L1 distance); of equals the better one.
    """
    better = np.argsort(-scores, kind="stable")[: max(count, len(scores) // 2)]
    taken = [int(better[0])]
    while len(taken) < count:
        distances = np.abs(positions[better, None] - positions[None, taken]).sum(-1).min(1)
        distances[np.isin(better, taken)] = -1
        taken.append(int(better[distances.argmax()]))
    return taken
