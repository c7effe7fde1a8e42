"""Sweeps of lambda: how long a team's loss stays sane, how good the team is then, and what a step costs."""

import time
from collections.abc import Mapping
from typing import Any

import torch

from heterodox.streams import torch_stream
from heterodox.training.images import LabelledImages
from heterodox.training.losses import TeamLoss
from heterodox.training.team_members import TrainedTeam, new_objective, team_loss, team_recipe
from heterodox.training.teams import Team

REPEATS = 5


def sweep_row(spec: Mapping[str, Any], team: TrainedTeam, classes: int) -> dict[str, Any]:
    """Return one row: the loss with its lambda, and its outcome on the validation images, of so many classes.

    `last_stable_epoch` is 0 where the first one diverged; then `team_validation_accuracy` (of the ensemble, mean logit,
    in 0..1) and `diversity` (that of the loss, in training) are None. Both belong to the epoch whose weights are kept.
    """
    history, loss = team.progress.history, team_loss(spec).described()
    kept = history[team.progress.best_epoch - 1] if history else {}
    return {
        "sweep": spec["wildcards"]["sweep"],
        "team": spec["wildcards"]["team"],
        "seed": int(spec["wildcards"]["seed"]),
        "loss": loss.pop("team_loss"),
        **loss,
        "classes": classes,
        "epochs": team_recipe(spec).epochs,
        "last_stable_epoch": len(history),
        "diverged_epoch": team.diverged_epoch,
        "team_validation_accuracy": kept.get("team_validation_accuracy"),
        "diversity": kept.get("diversity"),
    }


def overhead(spec: Mapping[str, Any], training: LabelledImages) -> float:
    """Return how many times longer than with plain cross-entropy a step takes, measured now on this machine.

    Both train the same networks on the same batch, forward and backward; the fastest of five turns each. On a CPU it is
    processor time, which other programs do not lengthen.
    """
    team = new_objective(spec, training)
    plain = Team([*team.members], TeamLoss("independent"), team.recipe, len(training.classes), team.batched)
    batch = training.first(team.recipe.batch_size)
    seconds: dict[Team, list[float]] = {team: [], plain: []}
    for _ in range(REPEATS + 1):
        for objective, found in seconds.items():
            found.append(_step_seconds(objective, batch))
    return min(seconds[team][1:]) / min(seconds[plain][1:])  # the first turn compiles and fills caches


def _step_seconds(team: Team, batch: LabelledImages) -> float:
    draws = {key: values.to(batch.device) for key, values in team.draw(len(batch), torch_stream(0, "timing")).items()}
    clock = time.perf_counter if batch.device.type == "cuda" else time.process_time
    started = clock()
    with torch.autocast(batch.device.type, torch.bfloat16, enabled=team.recipe.precision == "bfloat16"):
        loss = team.train().loss(batch.images, batch.labels, draws)
    loss.backward()
    if batch.device.type == "cuda":
        torch.cuda.synchronize()
    team.zero_grad()
    return clock() - started
