"""Rule fetch_backbone."""

from pathlib import Path

from heterodox import command
from heterodox.networks.fetching import fetch
from heterodox.storage.images import ImageFile


def fetch_backbone(spec: dict, validation: Path, backbone: Path) -> None:
    """Take a backbone made elsewhere, with or without a classifier; a probe then fits its last layer."""
    name, config = spec["wildcards"]["member"], spec["config"]
    with ImageFile(validation) as images:
        fetch(backbone, name, config["member"], images.image_shape, images.classes, config["dataset"], backbone=True)


if __name__ == "__main__":
    command.run(fetch_backbone)
