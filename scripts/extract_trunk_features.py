"""Compute the features of annotated images by a frozen trunk, once for all heads on it."""

from pathlib import Path

from heterodox import command
from heterodox.networks.feature_extraction import extract
from heterodox.networks.heads import load_pooled_trunk
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
    trunk, identity = load_pooled_trunk(backbone, int(spec["wildcards"]["pool"]), available_device())
    with AnnotatedFile(images) as file:
        extract(trunk, identity, file, features, state=own_state)


if __name__ == "__main__":
    command.run(extract_trunk_features)
