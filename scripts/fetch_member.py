"""Rule fetch_member."""

from pathlib import Path

from heterodox import command
from heterodox.networks.fetching import fetch
from heterodox.networks.loading import available_device
from heterodox.storage.images import ImageFile
from heterodox.storage.members import write_member
from heterodox.training.supervision import accuracy_and_loss_of_file


def fetch_member(spec: dict, validation: Path, weights: Path) -> None:
    """Take a network with weights made elsewhere, from a library or a local file, and measure it on validation."""
    with ImageFile(validation) as images:
        member, description = fetch(spec, images.image_shape, images.classes)
        outcome = accuracy_and_loss_of_file(member.to(available_device()), images)
    write_member(weights, member.network.state_dict(), description | outcome)


if __name__ == "__main__":
    command.run(fetch_member)
