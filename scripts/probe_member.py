"""Train a linear classifier on the frozen features of a self-supervised backbone."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device, load_member
from heterodox.storage.members import write_member
from heterodox.training.images import read_images
from heterodox.training.members import backbone_history, description
from heterodox.training.probes import probe
from heterodox.training.recipe import Probe
from heterodox.training.supervision import accuracy_and_loss


def probe_member(spec: dict, train: Path, validation: Path, backbone: Path, weights: Path) -> None:
    """Fit the last layer and write backbone and layer as one member."""
    config, device = spec["config"], available_device()
    recipe = Probe.from_config(config["recipe"], f"members.{spec['wildcards']['member']}: recipe")
    images, held_out = read_images(train, device), read_images(validation, device)
    member = load_member(backbone, device)
    probe(member, images, recipe, config["member"]["arch"])
    outcome = accuracy_and_loss(member, held_out) | backbone_history(backbone)
    write_member(weights, member.network.state_dict(), description(spec, member, images, recipe, **outcome))


if __name__ == "__main__":
    command.run(probe_member)
