"""Train the feature extractor of a pruning study on the in-distribution images."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.members import write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.loop import train as run_loop
from heterodox.training.members import description, new_member, stream_name
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.supervision import Supervision


def train_pruning_backbone(
    spec: dict, train: Path, validation: Path, backbone: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Train a classifier whose features heads will read; a state file lets a killed job go on."""
    spec = {**spec, "wildcards": {"member": "backbone"}}  # the name under which it draws random numbers
    config, device = spec["config"], available_device()
    recipe = Recipe.from_config(config["recipe"], "pruning.backbone.recipe")
    images, held_out = read_images(train, device), read_images(validation, device)
    member = new_member(spec, images)
    state_file = StateFile(state, fingerprint(spec, [train, validation]), state_seconds)
    objective = Supervision(member, recipe)
    progress = run_loop(objective, images, held_out, recipe, config["seed"], stream_name(spec), state_file)
    write_member(backbone, progress.weights, description(spec, member, images, recipe, **progress.outcome()))
    state_file.remove()


if __name__ == "__main__":
    command.run(train_pruning_backbone)
