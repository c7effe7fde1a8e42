"""Train a backbone without labels, by self-distillation between views (DINO style)."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.members import write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.loop import train as run_loop
from heterodox.training.members import description, new_member, stream_name
from heterodox.training.recipe import Pretraining
from heterodox.training.self_supervision import objective_for
from heterodox.training.state import StateFile


def pretrain_backbone(spec: dict, train: Path, backbone: Path, state: Path, state_seconds: float = 30.0) -> None:
    """Train the backbone and write it; a state file lets a killed job go on."""
    config = spec["config"]
    recipe = Pretraining.from_config(config["pretraining"], f"members.{spec['wildcards']['member']}: pretraining")
    images = read_images(train, available_device())
    member = new_member(spec, images)
    objective = objective_for(member, recipe, config["seed"], stream_name(spec))
    state_file = StateFile(state, fingerprint(spec, [train]), state_seconds)
    # No labels, hence no held-out images: collapse shows on any thousand of them.
    progress = run_loop(objective, images, images.first(1000), recipe, config["seed"], stream_name(spec), state_file)
    write_member(backbone, progress.weights, description(spec, member, images, recipe, **progress.outcome()))
    state_file.remove()


if __name__ == "__main__":
    command.run(pretrain_backbone)
