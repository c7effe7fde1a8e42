from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heterodox.storage.dumps import write_dump


@pytest.fixture
def make_dump(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a small good dump; its arguments change one thing."""

    def make(
        name: str,
        *,
        count: int = 6,
        classes: int = 3,
        index: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> Path:
        path = tmp_path / f"{name}.h5"
        random = np.random.default_rng(0)
        index = np.arange(count) if index is None else index
        labels = np.arange(count) % 3 if labels is None else labels
        with write_dump(path, labels, index, classes, {"member": name}) as writer:
            writer.append(random.normal(size=(count, classes)), {"saliency": random.random((count, 1, 4, 4))})
        return path

    return make
