"""Features of a toy backbone: few of them tell the classes, most are noise, and OoD images have none of the classes."""

from pathlib import Path

import numpy as np

from heterodox.storage.features import Backbone, Features
from heterodox.streams import stream
from heterodox.training.populations import SearchFeatures

BACKBONE = Backbone("toy", "small", "penultimate", "0123456789abcdef")
FEATURES, CLASSES = 20, 3


def toy_features(name: str, count: int, strange: bool = False) -> Features:
    draw = stream(0, "toy features", name)
    labels = draw.integers(0, 2 if strange else CLASSES, count)
    values = np.abs(draw.normal(0, 0.6, (count, FEATURES)))
    if not strange:
        values[np.arange(count), labels] += 1.5
        values[np.arange(count), 3 + labels] += 0.7
    classes = ("near", "far") if strange else ("a", "b", "c")
    return Features(values.astype(np.float32), labels, np.arange(count), classes, BACKBONE, Path(f"{name}.h5"))


def toy_search_features() -> SearchFeatures:
    return SearchFeatures(
        toy_features("train", 100), toy_features("validation", 70), toy_features("ood_validation", 50, strange=True)
    )
