"""Store the features that a frozen backbone gives for one set of images."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.datasets.image_sets import at_most
from heterodox.datasets.out_of_distribution import image_set
from heterodox.networks.backbones import load_backbone
from heterodox.networks.feature_extraction import extract
from heterodox.networks.loading import available_device
from heterodox.storage.images import ImageFile
from heterodox.storage.members import description_path
from heterodox.storage.provenance import fingerprint
from heterodox.storage.rows import State


def extract_features(
    spec: dict, backbone: Path, images: Path, features: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Run the backbone over the images once, or over as many as `most` of the config allows, every class its share."""
    config, part, device = spec["config"], spec["wildcards"]["part"], available_device()
    member, identity = load_backbone(backbone, device)
    inputs = [backbone, description_path(backbone), images]
    waiting = State(state, fingerprint({**spec, "device": device.type}, inputs), state_seconds)
    with ImageFile(images) as file:
        rows = None
        if config["most"] is not None:
            numbered = replace(image_set(file), index=np.arange(len(file)))
            rows = at_most(numbered, config["most"], config["seed"], f"features {part}").index
        extract(member, identity, file, features, rows, state=waiting)


if __name__ == "__main__":
    command.run(extract_features)
