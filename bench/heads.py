"""Time to train N heads on a frozen trunk in one batched computation against one after the other.

python -m bench.heads [--members N] [--images N] [--width W] [--epochs E]. Both sides train the same heads on the same
random features, in this run and in turn, three times; each is its fastest. Processor time on a CPU, which other
programs may use too, elapsed time on a GPU.
"""

import argparse
import logging
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from heterodox.networks.loading import available_device
from heterodox.networks.tasks import Task
from heterodox.training.heads import StackedHeads
from heterodox.training.images import LabelledImages
from heterodox.training.loop import train
from heterodox.training.recipe import Recipe
from heterodox.training.samples import sample_rows
from heterodox.training.state import StateFile

TASK = Task("kind", ("a", "b", "c"))


def trained(members: list[int], images: LabelledImages, recipe: Recipe, count: int, folder: Path) -> dict:
    samples = sample_rows("random_heads", np.arange(len(images)), count, 1, "bench")
    own = [samples[member] for member in members]
    heads = StackedHeads(images.images.shape[1], TASK, [64], recipe, members, own, 1, "bench").to(images.device)
    heads.attach(images)
    train(heads, images, images.first(100), recipe, 1, "bench", StateFile(folder / "state.pt", "-", 1e9))
    return heads.stacked()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=11)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--width", type=int, default=128, help="features of an image")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    logging.disable()
    torch.set_num_threads(1)
    device = available_device()
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(options.images, options.width, generator=generator)
    labels = torch.randint(3, (options.images, 1), generator=generator)
    images = LabelledImages(features.to(device), labels.to(device), TASK.outputs)
    recipe = Recipe(epochs=options.epochs)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    members = list(range(options.members))
    seconds: dict[str, list[float]] = {"together": [], "in turn": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            for side, groups in [("together", [members]), ("in turn", [[member] for member in members])]:
                started = clock()
                found = [trained(group, images, recipe, options.members, Path(folder)) for group in groups]
                seconds[side].append(clock() - started)
                if side == "together":
                    together = found[0]
            gap = max(float((together[name][place] - alone[name][0]).abs().max()) for place, alone in enumerate(found)
                      for name in alone)  # fmt: skip
    fastest = {side: min(values) for side, values in seconds.items()}
    size = f"{options.images:,} images of {options.width} features"
    print(f"{options.members} heads, {size}, {options.epochs} epochs on {device}")
    print(f"together {fastest['together']:.2f} s, in turn {fastest['in turn']:.2f} s", end=": ")
    print(f"ratio {fastest['together'] / fastest['in turn']:.2f}; weights differ by at most {gap:.1e}")


if __name__ == "__main__":
    main()
