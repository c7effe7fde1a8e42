"""Seconds to draw synthetic birds: traits, pictures with masks and key points, and the whole file.

python -m bench.birds [--count N] [--size S]. Processor time of one core, which other programs may use too; each number
is one run.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from heterodox.datasets.annotated import birds
from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import STYLES, paint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="birds")
    parser.add_argument("--size", type=int, default=64, help="side in pixels")
    options = parser.parse_args()
    started = time.process_time()
    flock = traits.draw(1, "bench", range(options.count))
    print(f"traits of {options.count:,} birds: {time.process_time() - started:.1f} s")
    some = flock.at(slice(0, max(1, options.count // 10)))
    for style in STYLES:
        started = time.process_time()
        paint(some, options.size, style)
        seconds = (time.process_time() - started) * options.count / len(some)
        print(f"pictures, {style}, {options.size} pixels: {seconds:.1f} s (from a tenth of them)")
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        whole = birds.flock(1, "bench", np.arange(options.count), options.size, "garden")
        whole.write(Path(folder) / "birds.h5", {})
        print(f"the whole file, garden: {time.process_time() - started:.1f} s")


if __name__ == "__main__":
    main()
