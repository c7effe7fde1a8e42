"""Rule fetch_member."""

from pathlib import Path

from heterodox import command
from heterodox.networks.fetching import fetch
from heterodox.storage.images import ImageFile


def fetch_member(spec: dict, validation: Path, weights: Path) -> None:
    """Take a network with weights made elsewhere, from a library or a local file."""
    config = spec["config"]
    with ImageFile(validation) as images:
        fetch(
            weights,
            spec["wildcards"]["member"],
            config["member"],
            images.image_shape,
            images.classes,
            config["dataset"],
        )


if __name__ == "__main__":
    command.run(fetch_member)
