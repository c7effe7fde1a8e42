"""Networks of repeated cells: the macro skeleton of NAS-Bench-201 (Dong and Yang 2020, Fig. 1).

A convolution and batch norm, three stacks of equal cells with a residual block of stride 2 between them that doubles
the width, batch norm, ReLU, the mean over pixels and a linear layer. A convolution in a cell is ReLU, convolution,
batch norm; all keep the size. An edge that lies on no path from input to output is not built: its weights could not
matter, and `parameter_count` does not see them. NAS-Bench-201 counts them; so does `published_parameter_count`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from heterodox.errors import UserError
from heterodox.networks.cells import (
    CONVOLUTION_1X1,
    CONVOLUTION_3X3,
    EDGES,
    OUTPUT,
    POOLING,
    Encoding,
    checked,
    to_string,
    used_edges,
)

KERNELS = {CONVOLUTION_3X3: 3, CONVOLUTION_1X1: 1}
STACKS = 3


@dataclass(frozen=True)
class Skeleton:
    """How many cells a stack has, and how many channels the first stack; the others have two and four times as many."""

    cells_per_stack: int
    width: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Return the channels of each stack."""
        return tuple(self.width * 2**stack for stack in range(STACKS))


def model_name(encoding: Sequence[int], skeleton: Skeleton) -> str:
    """Return the text from which `parsed_model` makes the same network: `0-4-2-1-2-0 cells=5 width=16`."""
    cell = "-".join(map(str, checked(encoding)))
    return f"{cell} cells={skeleton.cells_per_stack} width={skeleton.width}"


def parsed_model(text: str) -> tuple[Encoding, Skeleton]:
    """Return what `model_name` was given; UserError for any other text."""
    try:
        cell, cells, width = text.split(" ")
        encoding = [int(value) for value in cell.split("-")]
        skeleton = Skeleton(int(cells.removeprefix("cells=")), int(width.removeprefix("width=")))
    except ValueError:
        encoding, skeleton = [], Skeleton(0, 0)
    if len(encoding) != len(EDGES) or skeleton.cells_per_stack < 1 or skeleton.width < 1:
        raise UserError(f"model {text}: write a cell as six digits, then its skeleton: 0-4-2-1-2-0 cells=5 width=16")
    return checked(encoding), skeleton


class _BoxMean(torch.autograd.Function):
    """The mean over a 3 x 3 window, of the pixels that exist: sums over rows, then columns, in float32 or better.

    A sum over neighbours is its own transpose, so the way back is the same sum of what is divided first.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor) -> Tensor:
        wide = images.to(torch.promote_types(images.dtype, torch.float32))
        return (_box_sums(wide) / _box_sizes(wide)).to(images.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        wide = gradients[0].to(torch.promote_types(gradients[0].dtype, torch.float32))
        return _box_sums(wide / _box_sizes(wide)).to(gradients[0].dtype)


def _box_sums(images: Tensor) -> Tensor:
    rows = images.clone()
    rows[:, :, 1:] += images[:, :, :-1]
    rows[:, :, :-1] += images[:, :, 1:]
    sums = rows.clone()
    sums[..., 1:] += rows[..., :-1]
    sums[..., :-1] += rows[..., 1:]
    return sums


def _box_sizes(images: Tensor) -> Tensor:
    return _box_sums(images.new_ones(1, 1, *images.shape[-2:]))


def pooled(images: Tensor) -> Tensor:
    """Return the 3 x 3 average pooling of stride 1 of images (N, C, H, W); what lies outside of them does not count.

    On a CPU `avg_pool2d` takes two to five times as long as adding shifted images, there and back.
    """
    if images.device.type == "cpu":
        return _BoxMean.apply(images)
    return avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)


class ActiveConvolutions(nn.Module):
    """All convolutions that read one node: ReLU once, convolutions of one kernel as one, batch norm.

    Side by side, k convolutions of one input are a convolution with k times the outputs, and batch norm works on each
    channel alone: this is what k separate edges compute, in fewer passes over memory. `copies` of the activation says
    for how many of the paper's layers it stands, `parts` of a convolution how many of them it computes side by side.
    """

    def __init__(self, width: int, targets: Mapping[int, Sequence[int]]) -> None:
        super().__init__()
        self.width, self.targets = width, {kernel: list(nodes) for kernel, nodes in targets.items()}
        self.activation = nn.ReLU()
        self.activation.copies = sum(map(len, self.targets.values()))  # type: ignore[assignment]
        for kernel, nodes in self.targets.items():
            convolution = _convolution(width, len(nodes) * width, kernel)
            convolution.parts = len(nodes)  # type: ignore[assignment]
            self.add_module(f"convolution_{kernel}x{kernel}", convolution)
            self.add_module(f"norm_{kernel}x{kernel}", nn.BatchNorm2d(len(nodes) * width))

    def forward(self, node: Tensor) -> list[tuple[int, Tensor]]:
        """Return (target, values (N, width, H, W)) of every convolution of `node` (N, width, H, W)."""
        active = self.activation(node)
        found: list[tuple[int, Tensor]] = []
        for kernel, nodes in self.targets.items():
            values = getattr(self, f"convolution_{kernel}x{kernel}")(active)
            values = getattr(self, f"norm_{kernel}x{kernel}")(values)
            found += zip(nodes, values.split(self.width, dim=1), strict=True)
        return found


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Cell(nn.Module):
    """The used edges of a connected cell, for `width` channels."""

    def __init__(self, encoding: Encoding, width: int) -> None:
        super().__init__()
        self.plain: list[list[tuple[int, int]]] = []  # per source: (target, operation) of pools and skips
        self.convolutions = nn.ModuleDict()
        edges = [(*EDGES[place], encoding[place]) for place in used_edges(encoding)]
        for source in range(OUTPUT):
            leaving = [(target, operation) for target, node, operation in edges if node == source]
            self.plain.append([(target, operation) for target, operation in leaving if operation not in KERNELS])
            targets = {
                kernel: [target for target, operation in leaving if KERNELS.get(operation) == kernel]
                for kernel in KERNELS.values()
            }
            if any(targets.values()):
                used = {kernel: nodes for kernel, nodes in targets.items() if nodes}
                self.convolutions[str(source)] = ActiveConvolutions(width, used)

    def forward(self, images: Tensor) -> Tensor:
        """Return the output node (N, width, H, W) of an input node of the same shape."""
        nodes: list[Tensor | None] = [images, None, None, None]
        for source in range(OUTPUT):
            node = nodes[source]
            if node is not None:
                for target, values in self._leaving(source, node):
                    before = nodes[target]
                    nodes[target] = values if before is None else before + values
        output = nodes[OUTPUT]
        assert output is not None, "a disconnected cell was built"
        return output

    def _leaving(self, source: int, node: Tensor) -> list[tuple[int, Tensor]]:
        means = pooled(node) if any(operation == POOLING for _, operation in self.plain[source]) else node
        found = [(target, means if operation == POOLING else node) for target, operation in self.plain[source]]
        if str(source) in self.convolutions:
            found += self.convolutions[str(source)](node)
        return found


class Reduction(nn.Module):
    """The residual block between stacks: two 3x3 convolutions, the first of stride 2, beside a pooled 1x1 one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *_active_convolution(width, 2 * width, 2), *_active_convolution(2 * width, 2 * width)
        )
        # Rounded up, so that odd sizes agree with the convolution's.
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), _convolution(width, 2 * width, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, 2 width, H / 2, W / 2) of (N, width, H, W)."""
        return self.block(images) + self.shortcut(images)


def _active_convolution(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [nn.ReLU(), _convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)]


class CellNetwork(nn.Module):
    """A network of one cell, repeated; UserError for a cell that is disconnected or no encoding."""

    def __init__(self, encoding: Sequence[int], skeleton: Skeleton, channels: int, classes: int) -> None:
        super().__init__()
        cell = checked(encoding)
        if not used_edges(cell):
            raise UserError(f"cell {to_string(cell)}: no path leads from its input to its output; take another cell")
        self.stem = nn.Sequential(_convolution(channels, skeleton.width, 3), nn.BatchNorm2d(skeleton.width))
        self.stacks, self.reductions = nn.ModuleList(), nn.ModuleList()
        for width in skeleton.widths:
            self.stacks.append(nn.Sequential(*[Cell(cell, width) for _ in range(skeleton.cells_per_stack)]))
            self.reductions.append(Reduction(width) if len(self.stacks) < STACKS else nn.Identity())
        self.norm, self.activation = nn.BatchNorm2d(skeleton.widths[-1]), nn.ReLU()
        self.classifier = nn.Linear(skeleton.widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, classes) of normalised images (N, channels, H, W)."""
        values = self.stem(images)
        for stack, reduction in zip(self.stacks, self.reductions, strict=True):
            values = reduction(stack(values))
        return self.classifier(self.activation(self.norm(values)).mean(dim=(2, 3)))


def published_parameter_count(encoding: Sequence[int], skeleton: Skeleton, channels: int, classes: int) -> int:
    """Return the parameters as NAS-Bench-201 counts them: convolutions on unused edges have weights, too."""
    values = checked(encoding)
    first, last = skeleton.widths[0], skeleton.widths[-1]
    total = 9 * channels * first + 2 * first + 2 * last + (last + 1) * classes
    for width in skeleton.widths:
        cell = sum(KERNELS[operation] ** 2 * width**2 + 2 * width for operation in values if operation in KERNELS)
        total += skeleton.cells_per_stack * cell
    for width in skeleton.widths[:-1]:
        total += (18 + 36 + 2) * width**2 + 2 * (2 * 2 * width)
    return total
