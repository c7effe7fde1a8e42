"""Time of a training step of M equal networks as one batched network against M separate passes, and what maps cost.

python -m bench.team_training [--members M] [--batch N]. One step is the forward and backward pass of a team on a batch
of N images of 28 x 28, on the GPU where there is one, else on the CPU with one thread. All sides of a ratio are timed
in this run, in turn; each is its fastest repetition: elapsed time on a GPU, processor time on a CPU, which other
programs may use too.

batched      torch.func over stacked parameters and running statistics (training/batching.py)
separate     one member after another
attribution  separate, with saliency maps of all images and double backward (Eq. 8); `of 16` explains 16 of the batch
"""

import argparse
import time
import warnings
from collections.abc import Callable

import torch

from heterodox.networks.loading import Member, available_device, build
from heterodox.training.losses import TeamLoss
from heterodox.training.recipe import Recipe
from heterodox.training.teams import Team

SIDE, CLASSES = 28, 10


def team(arch: str, members: int, device: torch.device, batched: bool = False, **loss) -> Team:
    networks = [build(arch, (1, SIDE, SIDE), CLASSES, member=str(place)) for place in range(members)]
    parts = [Member(network, [0.3], [0.3], (SIDE, SIDE)) for network in networks]
    made = Team(parts, TeamLoss(**loss), Recipe(), CLASSES, batched).to(device, memory_format=torch.channels_last)
    return made.train()


def step(what: Team, count: int) -> Callable[[], None]:
    device = what.terms.device
    images = torch.randint(256, (count, SIDE, SIDE, 1), dtype=torch.uint8, device=device)
    labels = torch.randint(CLASSES, (count,), device=device)
    draws = {key: values.to(device) for key, values in what.draw(count, torch.Generator()).items()}

    def once() -> None:
        what.zero_grad()
        what.loss(images, labels, draws).backward()
        if device.type == "cuda":
            torch.cuda.synchronize()

    return once


def fastest(actions: dict[str, Callable[[], None]], repeats: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the least seconds of `repeats` rounds in which the actions take turns, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats + 1):
        for name, action in actions.items():
            started = clock()
            action()
            seconds[name].append(clock() - started)
    return {name: min(values[1:]) for name, values in seconds.items()}


def bench(arch: str, members: int, count: int, repeats: int, device: torch.device) -> None:
    teams = {
        "separate": team(arch, members, device),
        "batched": team(arch, members, device, batched=True),
        "attribution": team(arch, members, device, loss="attribution"),
        "attribution of 16": team(arch, members, device, loss="attribution", explained=16),
    }
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    found = fastest({name: step(what, count) for name, what in teams.items()}, repeats, clock)
    for name, seconds in found.items():
        print(
            f"  {arch:10} {name:18} {1e3 * seconds:8.1f} ms per step, {seconds / found['separate']:.2f} times separate"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--archs", nargs="+", default=["resnet", "vgg", "vit"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings(
        "ignore", message="There is a performance drop"
    )  # torch.vmap repeats one pooling per member
    device = available_device()
    print(f"{options.members} members, batches of {options.batch} images, {device}, torch {torch.__version__}")
    for arch in options.archs:
        bench(arch, options.members, options.batch, options.repeats, device)


if __name__ == "__main__":
    main()
