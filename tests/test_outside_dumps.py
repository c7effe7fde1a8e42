"""The example of docs/outside_dumps.md, run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest

from heterodox.storage.dumps import DumpFile, open_dumps, write_dump
from heterodox.storage.images import write_images

DOCUMENT = Path(__file__).parents[1] / "docs" / "outside_dumps.md"


def predict(images):
    """Answer like a foreign network: logits and signed gradients that are simple functions of the pixels."""
    pixels = images.astype(np.float64) / 255
    means = pixels.mean(axis=(1, 2, 3))
    return np.stack([means, -means], axis=1), -pixels.transpose(0, 3, 1, 2)


@pytest.fixture
def example():
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert "heterodox" not in code
    names: dict = {}
    exec(code, names)
    return names["write_dump"]


def test_the_documented_example_makes_a_dump_that_fits_beside_ours(example, tmp_path):
    images = np.random.default_rng(0).integers(1, 256, (7, 4, 5, 3), dtype=np.uint8)
    images[2] = 0  # a map without any gradient
    labels, index = np.array([0, 1, 0, 1, 0, 1, 1]), np.arange(7) + 50
    with write_images(tmp_path / "clean.h5", (4, 5, 3), labels, index, ["a", "b"]) as writer:
        writer.append(images)
    with write_dump(tmp_path / "ours.h5", labels, index, 2) as ours:
        ours.append(np.zeros((7, 2)))

    example(predict, tmp_path / "clean.h5", tmp_path / "outside.h5", batch=3)

    with open_dumps([tmp_path / "ours.h5", tmp_path / "outside.h5"]) as (_, dump):
        np.testing.assert_allclose(dump.logits(), predict(images)[0], rtol=1e-6)
        assert dump.map_shape("saliency") == (3, 4, 5)
        maps = dump.saliency("saliency") * dump.saliency_scale("saliency")[:, None, None, None]
        np.testing.assert_allclose(maps, images.transpose(0, 3, 1, 2) / 255, atol=1e-3)
    with DumpFile(tmp_path / "outside.h5") as dump:
        assert dump.methods() == ["saliency"]
