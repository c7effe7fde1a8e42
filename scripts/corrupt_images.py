"""Make one shift of a data set: the test images under one corruption at one severity."""

from pathlib import Path

from heterodox import command
from heterodox.corruptions.interface import corrupt


def corrupt_images(spec: dict, images: Path, shift: Path, device: str = "cpu") -> None:
    """Corrupt the test images as the wildcard `shift` says, for example lines-1.6."""
    config = spec["config"]
    corrupt(
        images,
        shift,
        spec["wildcards"]["shift"],
        dataset=config["dataset"],
        seed=config["seed"],
        jpeg_quality=config.get("jpeg_quality"),
        device=device,
    )


if __name__ == "__main__":
    command.run(corrupt_images)
