"""Time of CKA of all layer pairs against HSIC pair by pair: python -m bench.similarity [--batches N].

Two networks of the zoo with about 50 layers each, random weights, batches of 64 images of 28 x 28. Both sides start
from the image file, are timed in this run (processor time of one thread), and have to agree:

ours    `representations.layer_similarity`: every layer's Gram matrix once per batch, one matrix product for all pairs
naive   every layer's output is kept (for the naive side memory is free); then for each pair, batch by batch, both Gram
        matrices and the three unbiased HSIC terms from whole-matrix NumPy

Peak memory is that of a process that does nothing but ours, with so many images and with twice as many.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from heterodox.networks.loading import Member, build
from heterodox.representations import gram, layer_grams, layer_similarity
from heterodox.storage.images import ImageFile, write_images

ARCHS = ("efficientnet", "resnext")
SIZE, SIDE = 64, 28
MEMORY_BATCHES = 20


def generate(path: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    with write_images(path, (SIDE, SIDE, 1), np.zeros(count), np.arange(count), ["a", "b"]) as writer:
        for _ in range(count // SIZE):
            writer.append(generator.integers(0, 256, (SIZE, SIDE, SIDE, 1), dtype=np.uint8))


def networks() -> list[Member]:
    return [Member(build(arch, (1, SIDE, SIDE), 10, seed=1), [0.5], [0.25], (SIDE, SIDE)).eval() for arch in ARCHS]


def ours(path: Path) -> np.ndarray:
    with ImageFile(path) as images:
        return layer_similarity(*networks(), images, np.arange(len(images)), SIZE)["cka"].to_numpy()


def kept_features(member: Member, pixels: torch.Tensor) -> list[torch.Tensor]:
    """Return the outputs of the layers that ours takes, each (n, features)."""
    kept: dict[str, torch.Tensor] = {}
    modules = dict(member.network.named_modules())
    names = list(layer_grams(member.network, member.normalised(pixels[:4])))

    def keep(name):
        return lambda module, inputs, output: kept.update({name: output.clone().reshape(len(pixels), -1)})

    hooks = [modules[name].register_forward_hook(keep(name)) for name in names]
    with torch.no_grad():
        member(pixels)
    for hook in hooks:
        hook.remove()
    return [kept[name] for name in names]


def unbiased_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    rows_k, rows_l = k.sum(axis=1), l.sum(axis=1)
    means = rows_k.sum() * rows_l.sum() / ((n - 1) * (n - 2))
    return ((k * l).sum() + means - 2 * (rows_k @ rows_l) / (n - 2)) / (n * (n - 3))


def naive(path: Path) -> np.ndarray:
    with ImageFile(path) as images:
        batches = [torch.from_numpy(values).permute(0, 3, 1, 2).float() / 255 for _, values in images.batches(SIZE)]
    first, second = ([kept_features(member, pixels) for pixels in batches] for member in networks())
    values = []
    for i in range(len(first[0])):
        for j in range(len(second[0])):
            terms = np.zeros(3)
            for x, y in zip(first, second, strict=True):
                k, l = gram(x[i]).numpy(), gram(y[j]).numpy()  # noqa: E741
                terms += unbiased_hsic(k, l), unbiased_hsic(k, k), unbiased_hsic(l, l)
            values.append(terms[0] / np.sqrt(terms[1] * terms[2]) if terms[1] * terms[2] > 0 else 0.0)
    return np.array(values)


def peak_memory(path: Path) -> float:
    """Return the peak resident memory, in MiB, of a process that measures these images."""
    command = [sys.executable, "-m", "bench.similarity", "--measure", str(path)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.measure:
        ours(options.measure)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "warm.h5", SIZE)
        ours(folder / "warm.h5")
        generate(folder / "images.h5", options.batches * SIZE)
        times = [time.process_time()]
        found = ours(folder / "images.h5")
        times.append(time.process_time())
        expected = naive(folder / "images.h5")
        times.append(time.process_time())
        assert np.allclose(found, expected, atol=1e-4), "not the same numbers"
        quick, slow = np.diff(times)
        layers = [len(layer_grams(member.network, torch.rand(4, 1, SIDE, SIDE))) for member in networks()]
        print(f"{layers[0]} layers of {ARCHS[0]} with {layers[1]} of {ARCHS[1]}, {options.batches} batches of {SIZE}")
        print(f"  naive {slow:7.2f} s\n  ours  {quick:7.2f} s, {slow / quick:.0f} times faster")
        for batches in (MEMORY_BATCHES, 2 * MEMORY_BATCHES):
            generate(folder / "memory.h5", batches * SIZE)
            print(f"  peak memory with {batches * SIZE} images: {peak_memory(folder / 'memory.h5'):.0f} MiB")


if __name__ == "__main__":
    main()
