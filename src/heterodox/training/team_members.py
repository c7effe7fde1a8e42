"""From a team's job to its trained members, each as it describes itself.

What is drawn for a team is keyed by its seed and by a member's place, not by the team's name: teams of one seed and the
same architectures begin with the same networks and see the same images in the same order, changed in the same way.
They differ by their loss alone, so heuristics can be compared seed by seed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from heterodox.errors import UserError
from heterodox.networks.loading import Member
from heterodox.training import batching
from heterodox.training.images import LabelledImages
from heterodox.training.loop import DivergenceError, Progress, train
from heterodox.training.losses import TeamLoss
from heterodox.training.members import new_member
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile
from heterodox.training.teams import Team

NETWORKS = ("archs", "model")  # what of a team's entry says who its members are; the rest says what they learn
log = logging.getLogger(__name__)


def team_loss(spec: Mapping[str, Any]) -> TeamLoss:
    """Return what the team of this job learns; UserError that names the key of the config."""
    entry = {key: value for key, value in spec["config"]["team"].items() if key not in NETWORKS}
    return TeamLoss.from_config(entry, f"teams.{spec['wildcards']['team']}")


def team_recipe(spec: Mapping[str, Any]) -> Recipe:
    """Return how the team of this job is trained."""
    return Recipe.from_config(spec["config"]["recipe"], f"teams.{spec['wildcards']['team']}: recipe")


def team_name(spec: Mapping[str, Any]) -> str:
    """Return how messages call this training of the team."""
    return f"{spec['wildcards']['team']} {spec['wildcards']['seed']}"


def team_stream(spec: Mapping[str, Any], place: int | None = None) -> str:
    """Return the name under which all teams of this seed draw.

    Without a place, what members share: order, changes and dropout of the images; with one, counted from 1, the initial
    weights of the member there. No member's name holds a slash, so no member trained alone draws the same.
    """
    shared = f"teams/{spec['wildcards']['seed']}"
    return shared if place is None else f"{shared}/{place}"


def member_specs(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the job of each member, `{team}-{seed}-{i}` with i from 1, as if it were to be trained alone.

    UserError for a team of fewer than two.
    """
    team, seed = spec["wildcards"]["team"], spec["wildcards"]["seed"]
    entry = spec["config"]["team"]
    if len(entry["archs"]) < 2:
        raise UserError(
            f"teams.{team}.archs: a team has at least two members, not {len(entry['archs'])}; "
            "add an architecture for each, or list the network under members"
        )
    return [
        {
            "wildcards": {"member": f"{team}-{seed}-{place}"},
            "config": spec["config"]
            | {"member": {"arch": arch, "model": entry.get("model", "small"), "seed": int(seed)}},
        }
        for place, arch in enumerate(entry["archs"], 1)
    ]


def new_team(spec: Mapping[str, Any], training: LabelledImages) -> list[Member]:
    """Return the untrained members, each with the initial weights of its place in every team of this seed."""
    return [new_member(own, training, team_stream(spec, place)) for place, own in enumerate(member_specs(spec), 1)]


@dataclass(frozen=True)
class TrainedTeam:
    """What a training left: the `progress` of its sane epochs, and the error that ended it, None if nothing did."""

    members: list[Member]
    progress: Progress
    divergence: DivergenceError | None = None

    @property
    def diverged_epoch(self) -> int | None:
        """Return the epoch, counted from 1, that was no longer sane; None where all were."""
        return self.progress.epoch + 1 if self.divergence else None


def new_objective(spec: Mapping[str, Any], training: LabelledImages) -> Team:
    """Return the untrained team of this job."""
    loss, recipe, members = team_loss(spec), team_recipe(spec), new_team(spec, training)
    entry = spec["config"]["team"]
    batched = batching.worthwhile(entry["archs"], entry.get("model", "small"), members[0])
    return Team(members, loss, recipe, len(training.classes), batched).to(training.device)


def trained_team(
    spec: Mapping[str, Any], training: LabelledImages, validation: LabelledImages, state_file: StateFile
) -> TrainedTeam:
    """Train the team of this job until its last epoch or until it diverges."""
    team, seed = new_objective(spec, training), spec["config"]["seed"]
    members: list[Any] = [*team.members]
    name, stream = team_name(spec), team_stream(spec)
    try:
        return TrainedTeam(members, train(team, training, validation, team.recipe, seed, name, state_file, stream))
    except DivergenceError as divergence:
        log.warning("%s; %d epochs were sane", divergence, divergence.progress.epoch)
        return TrainedTeam(members, divergence.progress, divergence)


def member_weights(weights: Mapping[str, Tensor], place: int) -> dict[str, Tensor]:
    """Return the tensors of member `place`, counted from 1, among those of the team."""
    prefix = f"{place - 1}."
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def member_outcome(outcome: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return a team's outcome as member `place`, counted from 1, describes it: its own and the team's measurements."""
    own = {key: value for key, value in _of_member(outcome, place).items() if key != "history"}
    return own | {"history": [_of_member(entry, place) for entry in outcome["history"]]}


def _of_member(measured: Mapping[str, Any], place: int) -> dict[str, Any]:
    mine = {key.removesuffix(f" {place}"): value for key, value in measured.items()}
    return {key: value for key, value in mine.items() if " " not in key}


def membership(spec: Mapping[str, Any], place: int, diverged_epoch: int | None) -> dict[str, Any]:
    """Return what a member's description says of its team; `diverged_epoch` is None where all epochs were sane."""
    return {
        "team": spec["wildcards"]["team"],
        "place": place,
        **team_loss(spec).described(),
        "diverged_epoch": diverged_epoch,
    }
