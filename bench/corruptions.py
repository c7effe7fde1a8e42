"""Time of the corruptions against their definition in per-pixel Python: python -m bench.corruptions [side].

Prints, for each corruption at the study's severity, milliseconds per image of both and their ratio, from one run on
one core, and checks that the results are the same.
"""

import sys
import time

import numpy as np

from bench import per_pixel_corruptions
from heterodox.corruptions import interface

SHIFTS = ("lines-1.6", "plasma-4.0", "checkerboard-4.0", "water_drop-7.0")
IMAGES = 20  # the whole-array form; the per-pixel one does the first of them


def main(side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, side, side, 3), dtype=np.uint8)
    print(f"{side} x {side} x 3      per pixel / ms   ours / ms   ratio")
    for shift in SHIFTS:
        corruption = shift.split("-")[0]
        parameters = interface.draw_parameters(shift, "bench", 1, np.arange(IMAGES), images.shape[1:])
        first = {name: values[0].item() for name, values in parameters.items()}
        interface.apply(corruption, images, parameters)  # compiles and warms
        started = time.perf_counter()
        result = interface.apply(corruption, images, parameters)
        middle = time.perf_counter()
        expected = getattr(per_pixel_corruptions, corruption)(images[0], **first)
        ours, slow = (middle - started) / IMAGES, time.perf_counter() - middle
        assert np.array_equal(result[0], expected), f"{shift}: not the definition"
        print(f"{shift:18} {1000 * slow:15.1f} {1000 * ours:11.2f} {slow / ours:7.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 224)
