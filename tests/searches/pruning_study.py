"""Feature files of an invented study: classes that some of the features tell, others that are noise."""

from pathlib import Path

import numpy as np

from heterodox.storage.features import Backbone, write_features

CLASSES = ["shirt", "shoe", "bag"]
FEATURES = 16
PARTS = {"train": 90, "validation": 60, "test": 60, "ood_validation": 40, "ood_test": 40}
HEAD = {"hidden": 6, "learning_rate": 0.1, "batch_size": 30, "epochs": 10}
DETECTION = {"score": "odin", "temperature": 1000.0}


def write_feature_files(folder: Path, digest: str = "mine") -> dict[str, Path]:
    """Write the five parts and return their paths by name; `digest` is the backbone's."""
    generator = np.random.default_rng(5)
    means = 2 * generator.random((len(CLASSES), FEATURES)) * (np.arange(FEATURES) < 6)
    paths = {}
    for place, (part, count) in enumerate(PARTS.items()):
        known = not part.startswith("ood")
        labels = np.arange(count) % len(CLASSES) if known else np.zeros(count, np.int64)
        values = generator.normal(size=(count, FEATURES)) + (means[labels] if known else 0.3)
        paths[part] = folder / f"{part}.h5"
        backbone = Backbone("resnet", "small", "penultimate", digest)
        names = CLASSES if known else ["digits"]
        with write_features(paths[part], labels, np.arange(count) + 1000 * place, names, backbone) as writer:
            writer.append(np.maximum(values, 0).astype(np.float32))
    return paths
