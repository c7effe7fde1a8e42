"""Training speed of four cells against a plain loop: python -m bench.cells [--width W] [--cells N] [--side S].

One step is augmentation, forward and backward pass and optimiser on a batch, on the GPU where there is one, else on the
CPU with one thread. Both sides of a ratio are timed in this run, in turn; each is its fastest repetition: elapsed time
on a GPU, processor time on a CPU, which other programs may use too.

ours     as a search trains: the recipe's precision and memory layout, equal convolutions of a node as one, ReLU once
plain    eager float32, channels first, every edge an operation of its own; the same batch, augmentation and optimiser
float32  ours, but for the precision
regularised  ours, with the similarity of class means in the loss
"""

import argparse
import platform
import time
from collections.abc import Callable

import torch
from torch import nn

from bench.team_training import fastest
from heterodox.networks.cell_networks import CellNetwork, Reduction, Skeleton
from heterodox.networks.cells import EDGES, ZEROIZE, to_string
from heterodox.networks.loading import Member, available_device
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.cells import CellRecipe, CellSupervision
from heterodox.training.optimization import optimizer_for

CLASSES = 10
# Convolutions only; a mixture; pooling above all; 1x1 convolutions.
CELLS = ((0, 0, 0, 0, 0, 0), (0, 4, 2, 1, 2, 0), (2, 0, 2, 2, 4, 2), (1, 1, 0, 4, 1, 2))


class PlainCell(nn.Module):
    """Every edge an operation of its own, summed at the nodes."""

    def __init__(self, encoding: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.encoding = encoding
        make: list[Callable[[], nn.Module]] = [
            lambda: nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
            lambda: nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width)),
            lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
            nn.Identity,
            nn.Identity,
        ]
        self.edges = nn.ModuleList([make[operation]() for operation in encoding])

    def forward(self, images: torch.Tensor) -> torch.Tensor:  # noqa: D102
        nodes = [images]
        for node in (1, 2, 3):
            incoming = [(place, source) for place, (target, source) in enumerate(EDGES) if target == node]
            values = [self.edges[place](nodes[at]) for place, at in incoming if self.encoding[place] != ZEROIZE]
            nodes.append(sum(values))
        return nodes[3]


def plain_network(encoding: tuple[int, ...], skeleton: Skeleton) -> nn.Module:
    parts: list[nn.Module] = [nn.Conv2d(1, skeleton.width, 3, padding=1, bias=False), nn.BatchNorm2d(skeleton.width)]
    for width in skeleton.widths:
        parts += [PlainCell(encoding, width) for _ in range(skeleton.cells_per_stack)]
        parts += [Reduction(width)] if width != skeleton.widths[-1] else [nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(skeleton.widths[-1], CLASSES))


def step(network: nn.Module, recipe: CellRecipe, side: int, device: torch.device) -> Callable[[], None]:
    member = Member(network, [0.3], [0.3], (side, side)).to(device)
    objective = CellSupervision(member, recipe, CLASSES).train()
    if recipe.channels_last:
        objective.to(memory_format=torch.channels_last)
    count = recipe.batch_size
    images = torch.randint(256, (count, side, side, 1), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (count,), device=device)
    optimizer = optimizer_for(objective, recipe)
    draws = {name: values.to(device) for name, values in objective.draw(count, torch_stream(1, "bench")).items()}

    def once() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            loss = objective.loss(images, labels, draws)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return once


def bench(encoding: tuple[int, ...], skeleton: Skeleton, side: int, batch: int, repeats: int) -> dict[str, float]:
    device = available_device()
    ours = CellRecipe(batch_size=batch)
    exact = CellRecipe(batch_size=batch, precision="float32")
    regularised = CellRecipe(batch_size=batch, regularisation=0.5)
    plain = CellRecipe(batch_size=batch, precision="float32", channels_last=False)
    with torch_draws_from(torch_stream(1, "bench")):
        steps = {
            "ours": step(CellNetwork(encoding, skeleton, 1, CLASSES), ours, side, device),
            "plain": step(plain_network(encoding, skeleton), plain, side, device),
            "float32": step(CellNetwork(encoding, skeleton, 1, CLASSES), exact, side, device),
            "regularised": step(CellNetwork(encoding, skeleton, 1, CLASSES), regularised, side, device),
        }
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    seconds = fastest(steps, repeats, clock)
    return {name: batch / taken for name, taken in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--cells", type=int, default=1)
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"width {options.width}, {options.cells} cells per stack, batches of {options.batch} images of {options.side} "
        f"pixels, {available_device()} ({platform.machine()}), torch {torch.__version__}"
    )
    skeleton = Skeleton(options.cells, options.width)
    for encoding in CELLS:
        speeds = bench(encoding, skeleton, options.side, options.batch, options.repeats)
        print(f"  {to_string(encoding)}")
        for name, speed in speeds.items():
            print(
                f"    {name:12} {speed:8.0f} images per second, {speed / speeds['plain']:.2f} times plain", flush=True
            )


if __name__ == "__main__":
    main()
