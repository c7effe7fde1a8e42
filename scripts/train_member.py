"""Train one network on the labels, or on labels and a teacher's top class."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.members import description_path, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.distillation import Distillation
from heterodox.training.images import read_images
from heterodox.training.loop import train as run_loop
from heterodox.training.members import (
    description,
    load_teacher,
    new_member,
    stream_name,
    with_distillation_token,
)
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.supervision import Supervision


def train_member(
    spec: dict,
    train: Path,
    validation: Path,
    weights: Path,
    state: Path,
    teacher: list[Path] = [],  # noqa: B006  read only
    state_seconds: float = 30.0,
) -> None:
    """Train the member and write it; a state file lets a killed job go on."""
    config, device = spec["config"], available_device()
    recipe = Recipe.from_config(config["recipe"], f"members.{spec['wildcards']['member']}: recipe")
    images, held_out = read_images(train, device), read_images(validation, device)
    member = new_member(spec, images)
    if teacher:
        pupil = with_distillation_token(member, config["member"]["arch"])
        objective: Supervision = Distillation(pupil, load_teacher(teacher[0], images), recipe)
    else:
        objective = Supervision(member, recipe)
    inputs = [train, validation, *teacher, *map(description_path, teacher)]
    state_file = StateFile(state, fingerprint(spec, inputs), state_seconds)
    progress = run_loop(objective, images, held_out, recipe, config["seed"], stream_name(spec), state_file)
    write_member(weights, progress.weights, description(spec, member, images, recipe, **progress.outcome()))
    state_file.remove()


if __name__ == "__main__":
    command.run(train_member)
