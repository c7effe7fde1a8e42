"""What compression of saliency maps would save and cost: python -m bench.map_compression [--dumps FOLDER ...].

Real maps only: those of dumps that a study left, 28 x 28 for the default one, and, for the size of ImageNet's,
gradients of two networks of timm for crops of scikit-image's and scikit-learn's photographs. No pretrained weights are
looked for: the networks learn for half a minute which photograph a crop shows. (As initialised, nine in ten of the
residual network's gradients are zero, as no trained network's are.)

Every codec stores the same values in chunks of whole images; the codecs take turns and each figure is the fastest of
its repetitions, on one core, files in the page cache:

saved   share of the uncompressed bytes that the file no longer takes
write   bytes of maps per second into the file
read    bytes of maps per second out of it, as scoring reads them
pays    time of the attribution distances of 14 such dumps, relative to uncompressed ones

zstd needs `pip install hdf5plugin==7.1.0`, which the product does without.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from PIL import Image
from skimage import data as pictures
from sklearn.datasets import load_sample_images

from heterodox.ensembles.attribution import pair_distances
from heterodox.ensembles.subsets import subsets
from heterodox.explain.saliency import explain
from heterodox.networks.loading import build
from heterodox.storage.dumps import DumpFile

MEMBERS, SIDE, CROPS, STEPS, CHUNK_BYTES = 14, 224, 4, 30, 2**18
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina", "immunohistochemistry")
NETWORKS = {"resnet": "resnet18.tv_in1k", "deit": "deit_tiny_patch16_224.fb_in1k"}


def codecs() -> dict[str, dict[str, Any]]:
    import hdf5plugin

    return {
        "none": {},
        "lzf": {"compression": "lzf"},
        "lzf, bytes shuffled": {"compression": "lzf", "shuffle": True},
        "gzip 1": {"compression": 1},
        "gzip 1, bytes shuffled": {"compression": 1, "shuffle": True},
        "zstd 3": {**hdf5plugin.Zstd(3)},
        "zstd 3, bytes shuffled": {**hdf5plugin.Zstd(3), "shuffle": True},
        "zstd 9, bytes shuffled": {**hdf5plugin.Zstd(9), "shuffle": True},
        "zstd 3, bits shuffled": {**hdf5plugin.Bitshuffle(cname="zstd", clevel=3)},
    }


def photographs() -> np.ndarray:
    """Return crops of the photographs at SIDE x SIDE, uint8 (n, SIDE, SIDE, 3)."""
    whole = [getattr(pictures, name)() for name in PHOTOGRAPHS] + load_sample_images().images
    random, crops = np.random.default_rng(0), []
    for photograph in whole:
        height, width = photograph.shape[:2]
        for _ in range(CROPS):
            side = int(min(height, width) * random.uniform(0.5, 1))
            top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
            crop = Image.fromarray(photograph[top : top + side, left : left + side, :3])
            crops.append(np.asarray(crop.resize((SIDE, SIDE), Image.Resampling.BICUBIC)))
    return np.stack(crops)


def learned(network: torch.nn.Module, pixels: torch.Tensor) -> torch.nn.Module:
    """Return the network after STEPS steps towards telling the photographs apart."""
    labels, order = torch.arange(len(pixels)) // CROPS, torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(network.train().parameters(), 3e-4)
    for _ in range(STEPS):
        rows = torch.randperm(len(pixels), generator=order)[:12]
        loss = torch.nn.functional.cross_entropy(network(pixels[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval().requires_grad_(False)


def gradients(arch: str, model: str, images: np.ndarray) -> np.ndarray:
    """Return |gradient| of the top class as dumps store it: float16 (n, 3, SIDE, SIDE), largest value of each map 1."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    network = learned(build(arch, (3, SIDE, SIDE), 1000, model), pixels)
    targets = network(pixels).argmax(1)
    maps = torch.cat([explain(network, pixels[i : i + 4], targets[i : i + 4]) for i in range(0, len(pixels), 4)])
    return (maps / maps.amax((1, 2, 3), keepdim=True)).half().numpy()


def write(path: Path, maps: np.ndarray, settings: Mapping[str, Any]) -> None:
    count, rows = len(maps), max(1, CHUNK_BYTES // maps[0].nbytes)
    with h5py.File(path, "w") as file:
        file["labels"] = file["index"] = np.arange(count) % 2
        file["logits"] = np.zeros((count, 2), np.float32)
        file["saliency_scale/saliency"] = np.ones(count, np.float32)
        chunks = (min(rows, count), *maps.shape[1:]) if settings else None
        file.create_dataset("saliency/saliency", data=maps, chunks=chunks, **settings)


def read(path: Path, memory: np.ndarray) -> None:
    rows = len(memory)
    with DumpFile(path) as dump:
        for start in range(0, len(dump), rows):
            stop = min(start + rows, len(dump))
            dump.read_saliency("saliency", start, stop, memory[: stop - start])


def score(path: Path) -> None:
    dumps = [DumpFile(path) for _ in range(MEMBERS)]
    for _ in pair_distances(dumps, subsets(MEMBERS, 2).pairs, "saliency", ("l2", "none"), threads=1):
        pass
    for dump in dumps:
        dump.__exit__(None, None, None)


def fastest(action: Callable[[], object], known: float) -> float:
    started = time.perf_counter()
    action()
    return min(known, time.perf_counter() - started)


def measure(maps: np.ndarray, folder: Path, repeats: int) -> None:
    """Print a row per codec."""
    settings = codecs()
    path = {name: folder / f"{place}.h5" for place, name in enumerate(settings)}
    seconds = {name: [np.inf] * 3 for name in settings}
    memory = np.empty((max(1, CHUNK_BYTES // maps[0].nbytes), *maps.shape[1:]), np.float16)
    for _ in range(repeats):
        for name, values in settings.items():
            steps = (lambda: write(path[name], maps, values), lambda: read(path[name], memory))  # noqa: B023
            steps = (*steps, lambda: score(path[name]))  # noqa: B023
            seconds[name] = [fastest(step, known) for step, known in zip(steps, seconds[name], strict=True)]
    for name, (wrote, took, scored) in seconds.items():
        saved = 1 - path[name].stat().st_size / path["none"].stat().st_size
        speeds = f"{maps.nbytes / wrote / 1e6:9.0f} {maps.nbytes / took / 1e6:9.0f}"
        print(f"  {name:24} {saved:7.1%} {speeds} {scored / seconds['none'][2]:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumps", type=Path, nargs="*", default=sorted(Path("results").glob("*/dumps/*/clean.h5"))[:3])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"  {'codec':24}   saved  write MB/s  read MB/s  pays")
    images = photographs()
    sources = {
        f"{model}, photographs": lambda arch=arch, model=model: gradients(arch, model, images)
        for arch, model in NETWORKS.items()
    }
    for dump in options.dumps:
        sources[str(dump)] = lambda dump=dump: DumpFile(dump).saliency("saliency")
    for title, maps in sources.items():
        values = maps()
        print(f"{title}: {len(values)} maps of {' x '.join(map(str, values.shape[1:]))}")
        with tempfile.TemporaryDirectory() as folder:
            measure(values, Path(folder), options.repeats)


if __name__ == "__main__":
    main()
