"""Speed of a dump at paper scale against plain files: python -m bench.dump_streaming [--gigabytes N].

A dump of 3 x 224 x 224 maps and 1,000 classes, 10 GB by default, is written batch by batch through `write_dump` with a
state, as a job of the study does, and read as attribution diversity reads it: chunks of maps in order. Both sides of
each ratio run here, in turn, on the same disk, with the same bytes in pieces of the same size:

write   the dump, from gradients in float32 to the synced file under its name, against a plain file of that size,
        written and synced as often
read    every map with `DumpFile.read_saliency`, which also checks it, against `readinto` of the plain file; the page
        cache is told to forget both files before
again   the same, from what the page cache holds of them by now

In brackets MB per second of processor time, which stands for itself where other programs keep the cores busy. The peak
resident memory is that of this process. The files are removed afterwards.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from heterodox.storage.dumps import DumpFile, write_dump
from heterodox.storage.rows import State
from heterodox.storage.sizes import dump_bytes

CLASSES, SHAPE, BATCH, SECONDS = 1000, (3, 224, 224), 27, 30.0  # the batch of a member of that size


def batch() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(BATCH, CLASSES)).astype(np.float32), random.random((BATCH, *SHAPE), np.float32)


def write_ours(path: Path, count: int) -> None:
    logits, maps = batch()
    state = State(path.with_name("state.h5"), "bench", SECONDS)
    with write_dump(path, np.zeros(count), np.arange(count), CLASSES, {}, state) as writer:
        for start in range(0, count, BATCH):
            rows = min(BATCH, count - start)
            writer.append(logits[:rows], {"saliency": maps[:rows]})


def write_plainly(path: Path, total: int) -> None:
    piece = memoryview(batch()[1].astype(np.float16)).cast("B")
    synced = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for start in range(0, total, len(piece)):
            file.write(piece[: total - start])
            if time.monotonic() - synced > SECONDS:
                os.fsync(file.fileno())
                synced = time.monotonic()
        os.fsync(file.fileno())


def read_ours(path: Path) -> None:
    maps = np.empty((BATCH, *SHAPE), np.float16)
    with DumpFile(path) as dump:
        for start in range(0, len(dump), BATCH):
            stop = min(start + BATCH, len(dump))
            dump.read_saliency("saliency", start, stop, maps[: stop - start])


def read_plainly(path: Path) -> None:
    piece = bytearray(BATCH * 2 * int(np.prod(SHAPE)))
    with open(path, "rb", buffering=0) as file:
        while file.readinto(piece):
            pass


def forget(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(action: Callable[[], None]) -> tuple[float, float]:
    """Return elapsed and processor time."""
    started, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - started, time.process_time() - used


def report(what: str, total: int, ours: tuple[float, float], plain: tuple[float, float]) -> None:
    speeds = [f"{total / elapsed / 1e6:.0f} MB/s ({total / used / 1e6:.0f})" for elapsed, used in (ours, plain)]
    print(f"{what:6} {speeds[0]}, plain file {speeds[1]}: {ours[0] / plain[0]:.2f} times its time", flush=True)


def run(folder: Path, count: int) -> None:
    total = dump_bytes(count, CLASSES, SHAPE)
    dump, plain = folder / "dump.h5", folder / "plain"
    print(f"{count} images x {' x '.join(map(str, SHAPE))}: {total / 1e9:.2f} GB", flush=True)
    report("write", total, seconds(lambda: write_ours(dump, count)), seconds(lambda: write_plainly(plain, total)))
    for path in (dump, plain):
        forget(path)
    report("read", total, seconds(lambda: read_ours(dump)), seconds(lambda: read_plainly(plain)))
    report("again", total, seconds(lambda: read_ours(dump)), seconds(lambda: read_plainly(plain)))
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, default=Path("results"), help="where the files lie for the time")
    options = parser.parse_args()
    row = dump_bytes(1, CLASSES, SHAPE) - dump_bytes(0, CLASSES, SHAPE)
    count = max(1, round(options.gigabytes * 1e9 / row))
    options.folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(options.folder).free, 2 * dump_bytes(count, CLASSES, SHAPE)
    if free < 1.05 * needed:
        sys.exit(f"error: {options.folder}: {needed / 1e9:.1f} GB are needed for two files, {free / 1e9:.1f} are free")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(Path(folder), count)


if __name__ == "__main__":
    main()
