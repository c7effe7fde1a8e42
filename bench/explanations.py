"""Speed of explanations: python -m bench.explanations [--model resnet18] [--side 64] [--batch 32] [--members 11].

gradients   gradient evaluations (images x steps) per second of each gradient method on one network, against a bare
            loop of forward and backward passes of the same network and batch, with a chunk of that size; at least 80 %
            is wanted
members     seconds for N heads on one frozen trunk explained together, against N such networks explained one by one,
            per method; 0.6 is wanted where the way back from the features cannot be shared, far less where it can

Both sides of each ratio run here, in turn, several times; the best of each counts. Processor time is measured, not the
clock on the wall, so that other programs on the machine disturb less.
"""

import argparse
import time
from collections.abc import Callable

import torch

from heterodox.explain import interface, memory
from heterodox.networks.heads import HeadMember, new_head, spatial_layers
from heterodox.networks.loading import Member, build

STEPS = {"saliency": 1, "input_x_gradient": 1, "integrated_gradients-10": 10, "gradient_shap-10": 10}
METHODS = [*STEPS, "grad_cam", "guided_grad_cam", "lime-50"]
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of the fastest of a few rounds."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def bare_loop(network: torch.nn.Module, pixels: torch.Tensor, targets: torch.Tensor, repeats: int) -> None:
    for _ in range(repeats):
        images = pixels.clone().requires_grad_()
        torch.autograd.grad(network(images).gather(1, targets[:, None]).sum(), images)


def new_members(arch: str, model: str, side: int, count: int) -> list[HeadMember]:
    torch.manual_seed(0)
    layers = spatial_layers(build(arch, (3, side, side), 10, model), arch)
    trunk = Member(layers, [0.5] * 3, [0.25] * 3, (side, side)).eval()
    width = trunk(torch.rand(1, 3, side, side)).shape[1]
    members = [HeadMember(trunk, new_head(width, 10, [64], 1)) for _ in range(count)]
    return [member.eval().requires_grad_(False) for member in members]


def main(arch: str, model: str, side: int, batch: int, count: int) -> None:
    torch.set_num_threads(1)
    memory.MOST_ROWS = batch
    members = new_members(arch, model, side, count)
    pixels, targets = torch.rand(batch, 3, side, side), torch.zeros(batch, dtype=torch.long)
    bare_loop(members[0], pixels, targets, 1)
    print(f"{arch} {model}, {side} pixels, batch {batch}, {count} members, torch {torch.__version__}")
    for name, steps in STEPS.items():
        method = interface.load(name, budget=4 * 2**30)
        ours = seconds(lambda method=method: method(members[0], pixels, targets))
        bare = seconds(lambda steps=steps: bare_loop(members[0], pixels, targets, steps))
        print(f"gradients {name:24} {batch * steps / ours:8.0f} per s, {bare / ours:6.1%} of the bare loop", flush=True)
    few = pixels[: max(1, batch // 8)]
    for name in METHODS:
        method = interface.load(name, budget=4 * 2**30)
        shown = few if name.startswith("lime") else pixels
        together = seconds(lambda method=method, shown=shown: method.of_members(members, shown, targets[: len(shown)]))
        apart = seconds(
            lambda method=method, shown=shown: [method(member, shown, targets[: len(shown)]) for member in members]
        )
        print(f"members   {name:24} {together / apart:6.2f} of {count} networks one by one", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="resnet")
    parser.add_argument("--model", default="small")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--members", type=int, default=11)
    chosen = parser.parse_args()
    main(chosen.arch, chosen.model, chosen.side, chosen.batch, chosen.members)
