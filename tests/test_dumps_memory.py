"""What a process needs to corrupt, dump and compare images does not grow with their number."""

import os
import subprocess
import sys
from pathlib import Path

# Prints the peak resident memory in bytes after all stages with a few rows, then with five times as many.
PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from heterodox import dumps
from heterodox.corruptions.interface import corrupt
from heterodox.ensembles.attribution import pair_distances
from heterodox.networks.loading import Member
from heterodox.storage import images as storage_images
from heterodox.storage.dumps import open_dumps
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.rows import State

storage_images.BATCH_BYTES = 2**20
folder, shape = Path(sys.argv[1]), (64, 64, 3)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 64 * 64, 5))
member = Member(network, [0.5] * 3, [0.2] * 3, (64, 64))
random = np.random.default_rng(0)

for count in (1000, 5000):
    state = State(folder / "state" / "waiting.h5", "ours")
    with write_images(folder / "clean.h5", shape, np.zeros(count), np.arange(count), list("abcde")) as writer:
        for start in range(0, count, 100):
            writer.append(random.integers(0, 256, (100, *shape), np.uint8))
    corrupt(folder / "clean.h5", folder / "shift.h5", "checkerboard-4.0", "toy", 1, state=state)
    with ImageFile(folder / "shift.h5") as images:
        dumps.dump(member, images, folder / "dump.h5", ["saliency"], batch_size=16, state=state)
    with open_dumps([folder / "dump.h5"] * 2) as opened:
        for _ in pair_distances(opened, np.array([[0, 1]]), "saliency", ["l2"], threads=1, rows=50):
            pass
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, (folder / "dump.h5").stat().st_size)
"""


def test_five_times_the_rows_need_no_more_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    (few, small), (many, large) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert large - small > 90 * 2**20  # of maps alone: any stage that held its rows would stand out
    assert many - few < 16 * 2**20
