"""Train several networks together under a loss that they share."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.members import write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.images import read_images
from heterodox.training.members import description
from heterodox.training.state import StateFile
from heterodox.training.team_members import (
    member_outcome,
    member_specs,
    member_weights,
    membership,
    team_recipe,
    trained_team,
)


def train_team(
    spec: dict, train: Path, validation: Path, weights: list[Path], state: Path, state_seconds: float = 30.0
) -> None:
    """Train the team and write its members, to `weights` in their order; a state file lets a killed job go on.

    A team that diverges after a sane epoch keeps the weights that it had; one that never was sane is an error.
    """
    device = available_device()
    images, held_out = read_images(train, device), read_images(validation, device)
    state_file = StateFile(state, fingerprint(spec, [train, validation]), state_seconds)
    team = trained_team(spec, images, held_out, state_file)
    if team.divergence and not team.progress.history:
        raise team.divergence
    outcome, recipe = team.progress.outcome(), team_recipe(spec)
    jobs = zip(weights, member_specs(spec), team.members, strict=True)
    for place, (path, own, member) in enumerate(jobs, 1):
        told = member_outcome(outcome, place) | membership(spec, place, team.diverged_epoch)
        write_member(
            path, member_weights(team.progress.weights, place), description(own, member, images, recipe, **told)
        )
    state_file.remove()


if __name__ == "__main__":
    command.run(train_team)
