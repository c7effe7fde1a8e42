"""Time of a generation's heads in one batched computation against one at a time, and against extracting anew.

python -m bench.population [--masks M] [--epochs E] [--backbone ARCH MODEL SIDE]. M masks over the backbone's features,
densities uniform in 0..1 as a search draws them at first, no early stopping. Images are noise: no time depends on what
they show. On the GPU where there is one, else on the CPU. All sides are timed in this run, in turn, and each is the
faster of two; elapsed time on a GPU, processor time on a CPU, which other programs may use too.

population     `training.populations`: stacked weights, only the links that a mask keeps
one at a time  each head whole and masked, torch's gradients and optimiser, one after another; has to give the same
anew           the backbone over all training, validation and OoD validation images before each head, as the authors
               do, then the head one at a time; the backbone's time per image is measured on a batch of its own
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from heterodox.networks.backbones import without_classifier
from heterodox.networks.loading import Member, available_device, build
from heterodox.networks.masked_heads import MaskedHead, initial_head
from heterodox.storage.features import Backbone, Features
from heterodox.streams import torch_stream
from heterodox.training.populations import TOLERANCE, train_heads
from heterodox.training.recipe import HeadRecipe

CLASSES, SEED, RUN = 7, 1, 1
EVALUATIONS = 200  # of one search in the paper: over so many the one extraction is spread


def features(count: int, width: int, seed: int) -> Features:
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, CLASSES, count)
    values = np.maximum(draw.normal(size=(count, width)) + np.eye(CLASSES, width)[labels], 0).astype(np.float32)
    names = tuple(map(str, range(CLASSES)))
    return Features(values, labels, np.arange(count), names, Backbone("bench", "-", "-", "-"), Path("bench"))


def one_at_a_time(
    train: Features, validation: Features, masks: np.ndarray, recipe: HeadRecipe, device: torch.device
) -> list[MaskedHead]:
    initial = initial_head(masks.shape[1], recipe.hidden, CLASSES, SEED, RUN)
    values, labels = (torch.from_numpy(array).to(device) for array in (train.values, train.labels))
    held_out, own = (torch.from_numpy(array).to(device) for array in (validation.values, validation.labels))
    heads = []
    for mask in masks:
        head = MaskedHead(initial, mask, np.ones(recipe.hidden, bool)).to(device)
        optimizer = torch.optim.SGD(head.parameters(), recipe.learning_rate, recipe.momentum, nesterov=True)
        best, kept = float("inf"), {}
        for epoch in range(1, recipe.epochs + 1):
            order = torch.randperm(len(labels), generator=torch_stream(SEED, "head order", RUN, epoch)).to(device)
            for rows in order[: len(order) // recipe.batch_size * recipe.batch_size].split(recipe.batch_size):
                optimizer.zero_grad()
                cross_entropy(head(values[rows]), labels[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                loss = float(cross_entropy(head(held_out), own))
            if loss < best:
                best, kept = loss, {name: tensor.clone() for name, tensor in head.state_dict().items()}
        head.load_state_dict(kept)
        heads.append(head.cpu())
    return heads


def seconds_per_image(backbone: Member, side: int, clock: Callable[[], float]) -> float:
    pixels = torch.rand(backbone.batch_size, 3, side, side, device=backbone.mean.device)
    taken = []
    with torch.no_grad():
        for _ in range(4):
            started = clock()
            backbone(pixels).sum().item()
            taken.append(clock() - started)
    return min(taken[1:]) / len(pixels)


def fastest(action: Callable[[], list], clock: Callable[[], float], repeats: int = 2) -> tuple[float, list]:
    taken = []
    for _ in range(repeats):
        started = clock()
        found = action()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken.append(clock() - started)
    return min(taken), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masks", type=int, default=30)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--backbone", nargs=3, default=["resnet", "small", "28"], metavar=("ARCH", "MODEL", "SIDE"))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = available_device()
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    arch, model, side = options.backbone[0], options.backbone[1], int(options.backbone[2])
    network = without_classifier(build(arch, (3, side, side), CLASSES, model))
    backbone = Member(network, [0.5] * 3, [0.3] * 3, (side, side)).eval().to(device)
    with torch.no_grad():
        width = backbone(torch.rand(1, 3, side, side, device=device)).shape[1]
    train, validation = features(options.rows, width, 1), features(options.rows // 2, width, 2)
    draw = np.random.default_rng(3)
    masks = draw.random((options.masks, width)) < draw.random((options.masks, 1))
    masks[:, 0] = True
    recipe = HeadRecipe(
        hidden=options.hidden,
        learning_rate=0.01,
        batch_size=options.batch,
        epochs=options.epochs,
        patience=options.epochs,
    )
    together, ours = fastest(lambda: train_heads(train, validation, masks, recipe, SEED, RUN, device=device), clock)
    apart, theirs = fastest(lambda: one_at_a_time(train, validation, masks, recipe, device), clock)
    for one, other in zip(ours, theirs, strict=True):
        with torch.no_grad():
            expected = other(torch.from_numpy(validation.values)).numpy()
        difference = np.abs(one.head.logits(validation.values) - expected) / (1 + np.abs(expected))
        assert difference.max() < TOLERANCE, "not the same heads"
    images = 2 * options.rows  # as many for training as for both validation parts together
    extraction = seconds_per_image(backbone, side, clock) * images
    anew, once = extraction + apart / len(masks), extraction / EVALUATIONS + together / len(masks)
    print(
        f"{arch} {model}, {width} features, {options.masks} masks, {options.rows} rows, {options.epochs} epochs, "
        f"batches of {options.batch}, {options.hidden} hidden units, {device}, {options.threads} threads, "
        f"torch {torch.__version__}"
    )
    print(f"  one at a time  {apart / len(masks):8.3f} s per head")
    print(f"  population     {together / len(masks):8.3f} s per head, {apart / together:.1f} times faster")
    print(f"  anew           {anew:8.3f} s per evaluation ({images} images through the backbone)")
    print(f"  ours           {once:8.3f} s per evaluation (extracted once for {EVALUATIONS}), {anew / once:.0f} times")


if __name__ == "__main__":
    main()
