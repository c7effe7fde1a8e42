"""Pools of generated dumps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heterodox.storage.dumps import write_dump


@pytest.fixture
def write_pool(tmp_path) -> Callable[..., list[Path]]:
    """Return a function that writes a dump per member: logits (m, n, c) and, if given, raw maps (m, n, C, H, W)."""

    def write(logits, labels, maps=None, method="saliency", without_maps=(), folder="dumps"):
        paths = []
        for place, own in enumerate(logits):
            paths.append(tmp_path / folder / f"member_{place}" / "clean.h5")
            held = None if maps is None or place in without_maps else {method: maps[place]}
            with write_dump(paths[-1], labels, np.arange(len(labels)) + 100, own.shape[1]) as dump:
                dump.append(own, held)
        return paths

    return write


@pytest.fixture
def quantised() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Return a function that draws logits full of ties, and labels that they often meet."""

    def draw(m=6, n=120, c=5, levels=4, seed=0):
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, c, n)
        logits = generator.integers(0, levels, (m, n, c)).astype(np.float32) / 2
        logits[:, np.arange(n), labels] += generator.integers(0, 3, (m, n))
        return logits, labels

    return draw
