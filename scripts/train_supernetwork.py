"""Shrink a trained residual network progressively, until all of its sub-networks work."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.networks.supernetwork import sort_channels
from heterodox.storage.members import description_path, read_description, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.loop import train as run_loop
from heterodox.training.members import description
from heterodox.training.shrinking import ProgressiveShrinking, Shrinking, calibration_images, load_residual_member
from heterodox.training.state import StateFile

NAME = "supernetwork"


def train_supernetwork(
    spec: dict,
    train: Path,
    validation: Path,
    member: Path,
    supernetwork: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Train the super-network of `member` and write it; a state file lets a killed job go on."""
    config, device = spec["config"], available_device()
    recipe = Shrinking.from_config(config["recipe"], f"{NAME}: recipe")
    images, held_out = read_images(train, device), read_images(validation, device)
    largest = load_residual_member(member, images)
    sort_channels(largest.network)
    largest.requires_grad_(True)
    calibration = calibration_images(images, recipe, config["seed"])
    objective = ProgressiveShrinking(largest, recipe, calibration, config["seed"], NAME).to(device)
    state_file = StateFile(
        state, fingerprint(spec, [train, validation, member, description_path(member)]), state_seconds
    )
    progress = run_loop(objective, images, held_out, recipe, config["seed"], NAME, state_file)
    described = read_description(member)
    entry = {"member": {"arch": described["arch"], "model": described["model"], "seed": described["member_seed"]}}
    job = {"wildcards": {"member": NAME}, "config": config | entry}
    outcome = progress.outcome() | {"of": described["member"], "configurations": len(objective.space)}
    write_member(supernetwork, progress.weights, description(job, largest, images, recipe, **outcome))
    state_file.remove()


if __name__ == "__main__":
    command.run(train_supernetwork)
