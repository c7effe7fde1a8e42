"""Make one shift of the pruning study's in-distribution test images."""

from pathlib import Path

from heterodox import command
from heterodox.corruptions.interface import corrupt
from heterodox.storage.provenance import fingerprint
from heterodox.storage.rows import State


def corrupt_pruning_images(
    spec: dict, images: Path, shift: Path, state: Path, device: str = "cpu", state_seconds: float = 30.0
) -> None:
    """Corrupt the test images as the wildcard `shift` says; a state lets a killed job go on."""
    config = spec["config"]
    corrupt(
        images,
        shift,
        spec["wildcards"]["shift"],
        dataset=config["dataset"],
        seed=config["seed"],
        jpeg_quality=config.get("jpeg_quality"),
        device=device,
        state=State(state, fingerprint(spec | {"device": device}, [images]), state_seconds),
    )


if __name__ == "__main__":
    command.run(corrupt_pruning_images)
