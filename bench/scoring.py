"""Time of scoring a pool against reading its dumps, and against a NumPy loop: python -m bench.scoring [--images N].

A pool of 14 members and 1,000 classes is generated (seed fixed) as uncompressed HDF5: a signal that all members
share plus each one's noise, tuned to 70-80 % accuracy and 75-90 % agreement of pairs. Both sides of every ratio are
timed in this run, in turn, with the files in the page cache and two threads, and each side is its fastest repetition
(processor time, in brackets, stands for itself where other programs keep the cores busy):

read    every logit (or map) once with h5py's read_direct into memory that is used again; the faster of one thread
        that reads dump after dump and two threads that read chunk after chunk
score   `ensembles.scoring.score` from the files to both tables: mean logit and majority vote with accuracy, both
        disagreements, both equitabilities, of all 364 ensembles
loop    the same measures by plain NumPy, ensemble after ensemble, two threads, logits in memory, first 1,000 images

Peak memory is that of a process that does nothing but score.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import h5py
import numpy as np

from heterodox.ensembles.attribution import pair_distances
from heterodox.ensembles.bootstrap import bootstrap_trends
from heterodox.ensembles.chunks import in_order
from heterodox.ensembles.pool import Pool
from heterodox.ensembles.scoring import score
from heterodox.ensembles.subsets import subsets
from heterodox.metrics import diversity
from heterodox.metrics.consensus import majority_vote, mean_logit
from heterodox.storage.dumps import open_dumps, write_dump

MEMBERS, CLASSES, THREADS = 14, 1000, 2
SHARED, OWN, SIGNAL = 2.0, 0.5, 8.2  # standard deviations of the shared and the own part, height of the label's logit
LOOP_IMAGES = 1000
NAMES = [f"member_{place}" for place in range(MEMBERS)]


def pool(**settings) -> Pool:
    return Pool(NAMES, **settings)


def generate(folder: Path, images: int, own: float, shared: float, signal: float, classes: int = CLASSES) -> list[Path]:
    """Write the members' dumps and return their paths."""
    labels = np.random.default_rng(0).integers(0, classes, images)
    for place, name in enumerate(NAMES):
        common, noise = np.random.default_rng(1), np.random.default_rng([2, place])
        with write_dump(folder / f"{name}.h5", labels, np.arange(images), classes) as dump:
            for start in range(0, images, 500):
                part = labels[start : start + 500]
                logits = shared * common.standard_normal((len(part), classes), np.float32)
                logits += own * noise.standard_normal((len(part), classes), np.float32)
                logits[np.arange(len(part)), part] += signal
                dump.append(logits)
    return [folder / f"{name}.h5" for name in NAMES]


def generate_maps(folder: Path, images: int, shape: tuple[int, int, int], classes: int = 2) -> list[Path]:
    """Write dumps with maps of `shape` that look partly alike, and logits of little use but for the bootstrap."""
    labels = np.random.default_rng(0).integers(0, classes, images)
    for place, name in enumerate(NAMES):
        common, noise = np.random.default_rng(1), np.random.default_rng([2, place])
        with write_dump(folder / f"{name}.h5", labels, np.arange(images), classes) as dump:
            for start in range(0, images, 10):
                part = labels[start : start + 10]
                maps = common.random((len(part), *shape), np.float32) + noise.random((len(part), *shape), np.float32)
                dump.append(noise.normal(size=(len(part), classes)) + np.eye(classes)[part], {"saliency": maps})
    return [folder / f"{name}.h5" for name in NAMES]


def fastest(actions: dict[str, Callable[[], object]], repeats: int) -> dict[str, tuple[float, float]]:
    """Return the least elapsed and least processor time, in seconds, of `repeats` rounds in which actions take turns.

    On a machine that others use too, elapsed time says how busy it was; processor time is summed over threads.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            started, used = time.perf_counter(), time.process_time()
            action()
            seconds[name].append((time.perf_counter() - started, time.process_time() - used))
    return {name: (min(v[0] for v in values), min(v[1] for v in values)) for name, values in seconds.items()}


def readers(paths: list[Path], what: str, rows: int) -> dict[str, Callable[[], object]]:
    """Return two ways to read everything once with h5py: dump after dump, and by chunks in two threads."""
    datasets = [h5py.File(path, "r", locking=False)[what] for path in paths]
    memory = [np.empty((rows, *datasets[0].shape[1:]), datasets[0].dtype) for _ in range(2 * THREADS)]
    count = len(datasets[0])

    def read(dataset, start, stop, out):
        dataset.read_direct(out, np.s_[start:stop], np.s_[: stop - start])

    def by_dump():
        for dataset in datasets:
            for start in range(0, count, rows):
                read(dataset, start, min(start + rows, count), memory[0])

    def by_chunk():
        def work(start, stop):
            for dataset in datasets:
                read(dataset, start, stop, memory[start // rows % len(memory)])

        for _ in in_order(work, count, rows, THREADS):
            pass

    return {"read by dump": by_dump, "read by chunk": by_chunk}


def loop_score(logits: np.ndarray, labels: np.ndarray, places: tuple[int, ...]) -> list[float]:
    """Measure one ensemble by plain NumPy."""
    own = logits[list(places)]
    tops = own.argmax(axis=2)
    right = tops == labels
    equitability = diversity.shannon_equitability(tops)
    row = [right.mean(axis=1).max()]
    for rule in (mean_logit, majority_vote):
        correct = rule(own) == labels
        row += [correct.mean(), equitability[correct].mean(), equitability[~correct].mean()]
    for values in (right, tops):
        row.append(np.mean([(a != b).mean() for a, b in combinations(values, 2)]))
    return row


def time_loop(dumps) -> float:
    """Return the NumPy loop's seconds per image."""
    logits = np.stack([dump.logits(0, LOOP_IMAGES) for dump in dumps])
    labels = dumps[0].labels[:LOOP_IMAGES]
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as executor:
        list(executor.map(lambda places: loop_score(logits, labels, places), combinations(range(MEMBERS), 3)))
    return (time.perf_counter() - started) / len(labels)


def describe(dumps) -> str:
    images = min(len(dumps[0]), 2000)
    tops = np.stack([dump.logits(0, images).argmax(axis=1) for dump in dumps])
    agreement = np.mean([(a == b).mean() for a, b in combinations(tops, 2)])
    return f"top-1 {(tops == dumps[0].labels[:images]).mean():.3f}, agreement of pairs {agreement:.3f}"


def peak_memory(paths: list[Path]) -> float:
    """Return the peak resident memory, in GiB, of a process that scores these dumps."""
    command = [sys.executable, "-m", "bench.scoring", "--score", *map(str, paths)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def score_files(paths: list[Path]) -> None:
    with open_dumps(paths) as dumps:
        score(dumps, pool(), THREADS)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def bench_logits(folder: Path, images: int, repeats: int) -> None:
    paths = generate(folder / "logits", images, OWN, SHARED, SIGNAL)
    with open_dumps(paths) as dumps:
        print(f"{images} images x {MEMBERS} members x {CLASSES} classes; {describe(dumps)}")
        score(dumps, pool(), THREADS)  # compiles, and fills the page cache
        found = fastest({**readers(paths, "logits", 400), "score": lambda: score(dumps, pool(), THREADS)}, repeats)
        loop = time_loop(dumps)
        report("logits", found, images)
        print(f"  NumPy loop  {1e6 * loop:9.1f} us per image, {loop * images / found['score'][0]:.0f} times scoring")
        for k in (2, 3, 4, 5):
            seconds, _ = fastest({"score": lambda k=k: score(dumps, pool(k=k), THREADS)}, 3)["score"]
            print(
                f"  k = {k}: {len(subsets(MEMBERS, k).ensembles)} ensembles, {1e6 * seconds / images:.1f} us per image"
            )
    print(f"  peak memory {peak_memory(paths):.2f} GiB")


def report(what: str, seconds: dict[str, tuple[float, float]], images: int) -> None:
    read = min(elapsed for name, (elapsed, _) in seconds.items() if name.startswith("read"))
    for name, (elapsed, used) in seconds.items():
        print(
            f"  {name:13} {1e6 * elapsed / images:8.1f} us per image ({1e6 * used / images:.1f} us of processor time), "
            f"{elapsed / read:.2f} times reading the {what}"
        )


def bench_independent(folder: Path, images: int) -> None:
    paths = generate(folder / "independent", images, 1.0, 0.0, 4.0)
    with open_dumps(paths) as dumps:
        print(f"independent logits (no target), {images} images; {describe(dumps)}")
        actions = {**readers(paths, "logits", 400), "score": lambda: score(dumps, pool(), THREADS)}
        report("logits", fastest(actions, 3), images)


def bench_maps(folder: Path, images: int, repeats: int) -> None:
    paths = generate_maps(folder / "maps", images, (3, 224, 224))
    pairs = subsets(MEMBERS, 2).pairs

    def attribution():
        for _ in pair_distances(dumps, pairs, "saliency", ("l2", "none"), THREADS):
            pass

    with open_dumps(paths) as dumps:
        print(f"{images} images x {MEMBERS} maps of 3 x 224 x 224, l2 and none")
        attribution()
        report("maps", fastest({**readers(paths, "saliency/saliency", 5), "distances": attribution}, repeats), images)
    print(f"  peak memory {peak_memory(paths):.2f} GiB")


def bench_bootstrap(folder: Path, images: int) -> None:
    with open_dumps(generate_maps(folder / "bootstrap", images, (1, 28, 28), classes=10)) as dumps:
        scores, _ = score(dumps, pool(), 1)
        started = time.perf_counter()
        bootstrap_trends(dumps, scores, pool(), seed=1, replicates=1000, threads=1)
        seconds = time.perf_counter() - started
    print(f"bootstrap: {images} images, 364 ensembles, 1,000 replicates, one thread: {seconds:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--maps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--score", type=Path, nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        score_files(options.score)
        return
    with tempfile.TemporaryDirectory() as folder:
        bench_logits(Path(folder), options.images, options.repeats)
        bench_independent(Path(folder), 2000)
        bench_maps(Path(folder), options.maps, options.repeats)
        bench_bootstrap(Path(folder), 2000)


if __name__ == "__main__":
    main()
