"""Train several networks together under a loss that they share."""

import logging
from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.members import write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training import batching
from heterodox.training.images import read_images
from heterodox.training.loop import DivergenceError
from heterodox.training.loop import train as run_loop
from heterodox.training.members import description
from heterodox.training.state import StateFile
from heterodox.training.team_members import (
    member_outcome,
    member_specs,
    member_weights,
    membership,
    new_team,
    team_loss,
    team_recipe,
    team_stream,
)
from heterodox.training.teams import Team

log = logging.getLogger(__name__)


def train_team(
    spec: dict, train: Path, validation: Path, weights: list[Path], state: Path, state_seconds: float = 30.0
) -> None:
    """Train the team and write its members, to `weights` in their order; a state file lets a killed job go on.

    A team that diverges after at least one sane epoch keeps the weights it had.
    """
    config, device = spec["config"], available_device()
    loss, recipe, specs = team_loss(spec), team_recipe(spec), member_specs(spec)
    images, held_out = read_images(train, device), read_images(validation, device)
    members = new_team(spec, images)
    entry = config["team"]
    batched = batching.worthwhile(entry["archs"], entry.get("model", "small"), members[0])
    objective = Team(members, loss, recipe, len(images.classes), batched).to(device)
    state_file = StateFile(state, fingerprint(spec, [train, validation]), state_seconds)
    diverged_epoch = None
    try:
        progress = run_loop(objective, images, held_out, recipe, config["seed"], team_stream(spec), state_file)
    except DivergenceError as divergence:
        progress = divergence.progress
        if not progress.history:
            raise
        diverged_epoch = progress.epoch + 1
        log.warning("%s; the members keep the weights of epoch %d", divergence, progress.best_epoch)
    for place, (path, own, member) in enumerate(zip(weights, specs, members, strict=True), 1):
        outcome = member_outcome(progress.outcome(), place) | membership(spec, place, diverged_epoch)
        write_member(path, member_weights(progress.weights, place), description(own, member, images, recipe, **outcome))
    state_file.remove()


if __name__ == "__main__":
    command.run(train_team)
