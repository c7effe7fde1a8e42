"""Train a network on the classes of annotated images, or take one made elsewhere; members put heads on its trunk."""

from pathlib import Path

from heterodox import command
from heterodox.networks.fetching import fetch
from heterodox.networks.loading import available_device
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.members import write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.loop import train as run_loop
from heterodox.training.members import description, new_member, stream_name
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.supervision import Supervision


def train_explained_backbone(
    spec: dict, train: Path, validation: Path, weights: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write the backbone; a state file lets a killed training go on."""
    config, device = spec["config"], available_device()
    name = spec["wildcards"]["backbone"]
    job = {"wildcards": {"member": name}, "config": config | {"member": config["backbone"]}}
    if config["backbone"]["pretrained"]:
        with AnnotatedFile(validation) as held_out:
            member, described = fetch(job, held_out.image_shape, held_out.classes, backbone=True)
        write_member(weights, member.network.state_dict(), described)
        return
    recipe = Recipe.from_config(config["backbone"]["recipe"], f"backbones.{name}: recipe")
    images, held_out_images = read_images(train, device), read_images(validation, device)
    member = new_member(job, images)
    state_file = StateFile(state, fingerprint(spec, [train, validation]), state_seconds)
    objective = Supervision(member, recipe)
    progress = run_loop(objective, images, held_out_images, recipe, config["seed"], stream_name(job), state_file)
    write_member(weights, progress.weights, description(job, member, images, recipe, **progress.outcome()))
    state_file.remove()


if __name__ == "__main__":
    command.run(train_explained_backbone)
