"""Take the feature extractor of a pruning study from a library or a local file."""

from pathlib import Path

from heterodox import command
from heterodox.networks.fetching import fetch
from heterodox.storage.images import ImageFile
from heterodox.storage.members import write_member


def fetch_pruning_backbone(spec: dict, validation: Path, backbone: Path) -> None:
    """Take a network made elsewhere, with or without a classifier: only its features are read."""
    spec = {**spec, "wildcards": {"member": "backbone"}}
    with ImageFile(validation) as images:
        member, description = fetch(spec, images.image_shape, images.classes, backbone=True)
    write_member(backbone, member.network.state_dict(), description)


if __name__ == "__main__":
    command.run(fetch_pruning_backbone)
