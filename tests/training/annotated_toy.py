"""Annotated images to learn from in a blink: a bright bar on the left or right, a dot that is there or not."""

from pathlib import Path

import numpy as np

from heterodox.storage.annotations import write_annotated
from heterodox.streams import stream

SIDE = 16


def write_toy(path: Path, count: int, seed: int = 0, unknown: int = 0) -> Path:
    """Write images of four classes (side and shade); the attribute `side` of the first `unknown` is not known."""
    draw = stream(seed, "annotated toy")
    sides, shades, dots = (draw.integers(0, 2, count) for _ in range(3))
    images = draw.integers(0, 40, (count, SIDE, SIDE, 3)).astype(np.uint8)
    bar, dot = np.zeros((2, count, SIDE, SIDE), bool)
    for place in range(count):
        bar[place, 2:14, slice(1, 5) if sides[place] == 0 else slice(11, 15)] = True
        dot[place, 6:10, 6:10] = dots[place]
    images[bar] = (130 + 100 * shades[:, None, None, None] * np.ones((1, SIDE, SIDE, 1), int)).repeat(3, 3)[bar]
    images[dot] = [0, 250, 0]
    told = sides.copy()
    told[:unknown] = -1
    values = {"side": ("left", "right"), "family": ("dark", "light")}
    points = {name: np.full((count, 2), 7.5) for name in ("bar", "dot")}
    with write_annotated(
        path,
        (SIDE, SIDE, 3),
        2 * sides + shades,
        np.arange(count) + 100 * seed,
        ["left dark", "left light", "right dark", "right light"],
        values,
        {"side": told, "family": shades},
    ) as writer:
        writer.append(images, {"bar": bar, "dot": dot}, points)
    return path
