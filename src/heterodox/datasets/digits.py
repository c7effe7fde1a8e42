"""Handwritten digits, 8 x 8 grey levels of 0 to 16 (Alpaydin and Kaynak 1998), as scikit-learn brings them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from heterodox.datasets.image_sets import ImageSet

DARKEST, BRIGHTEST = 0, 16
SIDE = 28
TEST_SHARE = 3  # one in so many images


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train and test part: every third image is for testing; the index is scikit-learn's row.

    Bright strokes on black, one channel, enlarged to `data.crop` (default 28) pixels a side by bicubic interpolation of
    the exact grey levels.
    """
    from sklearn.datasets import load_digits  # only jobs that want digits pay for scikit-learn

    found, side = load_digits(), data.get("crop") or SIDE
    rows = np.arange(len(found.target))
    classes = [f"digit {number}" for number in range(10)]

    def read(chosen: np.ndarray) -> np.ndarray:
        return np.stack([enlarged(found.images[row], side) for row in chosen])[..., None]

    whole = ImageSet(found.target.astype(np.int64), rows, classes, (side, side, 1), read)
    test = rows % TEST_SHARE == 0
    return {"train": whole.subset(rows[~test]), "test": whole.subset(rows[test])}


def enlarged(levels: np.ndarray, side: int) -> np.ndarray:
    """Return grey levels (8, 8) of 0..16 as uint8 (side, side), 0..255."""
    scaled = (levels - DARKEST) * (255 / (BRIGHTEST - DARKEST))
    image = Image.fromarray(scaled.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image).round().clip(0, 255).astype(np.uint8)
