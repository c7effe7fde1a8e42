from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def write_tree(folder: Path, classes: list[str], per_class: int = 4, side: int = 40) -> None:
    """Images of sizes and kinds that differ; the red value of the first tells the class."""
    random = np.random.default_rng(len(classes))
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for image in range(per_class):
            pixels = random.integers(0, 256, (side + 7 * image, side + 5, 3), dtype=np.uint8)
            pixels[..., 0] = 10 * number
            Image.fromarray(pixels).save(folder / name / f"{image}.{'png' if image % 2 else 'PNG'}")


@pytest.fixture(name="write_tree")
def tree_writer() -> Callable[..., None]:
    return write_tree
