"""Compute the features of annotated images by a frozen trunk, once for all heads on it."""

from pathlib import Path

from heterodox import command
from heterodox.networks.features import write_pooled_features
from heterodox.networks.loading import available_device
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.members import description_path
from heterodox.storage.provenance import fingerprint
from heterodox.storage.rows import State


def extract_trunk_features(
    spec: dict, backbone: Path, images: Path, features: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write the features; state files let a killed job go on."""
    inputs = [backbone, description_path(backbone), images]
    own_state = State(state, fingerprint(spec, inputs), state_seconds)
    with AnnotatedFile(images) as file:
        pool = int(spec["wildcards"]["pool"])
        write_pooled_features(features, backbone, file, pool, available_device(), spec["config"]["dataset"], own_state)


if __name__ == "__main__":
    command.run(extract_trunk_features)
