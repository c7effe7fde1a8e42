"""The one training loop. What is learned is an `Objective`; the loop knows neither labels nor losses.

Every random number is keyed by the seed, the member, the epoch and the image or batch it belongs to, so a run that
was killed and goes on from its state file ends with the weights of a run that was not.
"""

import logging
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.augmentation import Draws
from heterodox.training.images import LabelledImages
from heterodox.training.optimization import learning_rate, optimizer_for, set_learning_rate
from heterodox.training.recipe import Optimization
from heterodox.training.state import StateFile

log = logging.getLogger(__name__)


class Objective(nn.Module):
    """What is learned from a batch. Its parameters that require a gradient are trained; its state_dict is resumed.

    `criterion` names the measurement by which the best epoch is chosen (higher = better), None keeps the last one.
    `remedy` is what a user is told to do when the training diverges.
    """

    criterion: str | None = None
    remedy = "lower the recipe's learning_rate, lengthen warmup_epochs, or set precision: float32"

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Return the random numbers of one epoch, each (count, ...): one row per training image."""
        raise NotImplementedError

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the scalar to be lowered, for images uint8 (n, H, W, C), labels (n,) and their rows of the draws."""
        raise NotImplementedError

    def after_step(self, done: float) -> None:
        """Follow an optimiser step; `done` is the share of the training that lies behind, in (0, 1]."""

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return what the history keeps of this epoch, measured on the validation images."""
        raise NotImplementedError

    def fault(self, measured: dict[str, float]) -> str | None:
        """Return what makes it senseless to go on after an epoch with these measurements, or None."""

    def result(self) -> nn.Module:
        """Return the module whose weights are the outcome."""
        raise NotImplementedError


@dataclass
class Progress:
    """How far a training is, and the best that it has seen."""

    epoch: int = 0
    batch: int = 0
    loss_sum: Tensor = field(default_factory=lambda: torch.zeros(()))
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -math.inf
    weights: dict[str, Tensor] = field(default_factory=dict)

    def outcome(self) -> dict[str, Any]:
        """Return the history, the best epoch and what was measured then."""
        best = {key: value for key, value in self.history[self.best_epoch - 1].items() if key != "epoch"}
        return {**best, "history": self.history, "best_epoch": self.best_epoch}


class DivergenceError(UserError):
    """Training became senseless; `progress` holds the epochs before, their weights and history."""

    def __init__(self, message: str, progress: Progress) -> None:
        super().__init__(message)
        self.progress = progress


@preemption.deferred()
def train(
    objective: Objective,
    training: LabelledImages,
    validation: LabelledImages,
    recipe: Optimization,
    seed: int,
    name: str,
    state_file: StateFile,
    stream: str | None = None,
) -> Progress:
    """Train `objective` and return the weights of its best epoch (earliest of equals) with the history per epoch.

    `name` stands in messages; order, changes and dropout of the images are drawn under `stream`, by default the name:
    trainings with one stream see the same batches. Epochs count from 1. An epoch takes the images in a new order and
    leaves out the rest that fills no batch. Learning goes on from `state_file` where that holds the state of this very
    training; SIGTERM ends it after the running batch with its state written. Raises DivergenceError when the loss is no
    longer finite or the objective finds a fault.
    """
    if recipe.channels_last:
        objective.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = min(recipe.batch_size, len(training))
    batches = len(training) // size
    optimizer = optimizer_for(objective, recipe)
    progress = _resumed(objective, optimizer, state_file)
    stream = stream or name
    while progress.epoch < recipe.epochs:
        epoch = progress.epoch
        order = torch.randperm(len(training), generator=torch_stream(seed, "order", stream, epoch))
        draws = objective.draw(len(training), torch_stream(seed, "augmentation", stream, epoch))
        objective.train()
        for batch in tqdm(range(progress.batch, batches), f"{name} epoch {epoch + 1}", disable=None, leave=False):
            rows = order[batch * size : (batch + 1) * size]
            set_learning_rate(optimizer, learning_rate(recipe, epoch + batch / batches))
            with torch_draws_from(torch_stream(seed, "dropout", stream, epoch, batch), training.device):
                loss = _loss(objective, training, rows, draws, recipe)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                objective.after_step((epoch + (batch + 1) / batches) / recipe.epochs)
            progress.batch = batch + 1
            progress.loss_sum = progress.loss_sum + loss.detach()
            if (warned := preemption.requested()) or state_file.due():
                _check_finite(progress, objective, name)
                state_file.write(_state(progress, objective, optimizer))
            if warned:
                preemption.leave(state_file.path)
        _check_finite(progress, objective, name)
        _close_epoch(progress, objective, validation, batches, recipe, name)
    return progress


def _loss(objective: Objective, training: LabelledImages, rows: Tensor, draws: Draws, recipe: Optimization) -> Tensor:
    batch_draws = {key: values[rows].to(training.device) for key, values in draws.items()}
    rows = rows.to(training.device)
    with torch.autocast(training.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        return objective.loss(training.images[rows], training.labels[rows], batch_draws)


def _check_finite(progress: Progress, objective: Objective, name: str) -> None:
    if not math.isfinite(progress.loss_sum):
        raise _divergence("the loss is no longer finite", progress, objective, name)


def _divergence(fault: str, progress: Progress, objective: Objective, name: str) -> DivergenceError:
    return DivergenceError(f"{name}: {fault} in epoch {progress.epoch + 1}; {objective.remedy}", progress)


def _close_epoch(
    progress: Progress,
    objective: Objective,
    validation: LabelledImages,
    batches: int,
    recipe: Optimization,
    name: str,
) -> None:
    """Measure, remember the weights if they are the best so far, and step to the next epoch."""
    measured = {"loss": float(progress.loss_sum) / batches, **objective.measure(validation)}
    if fault := objective.fault(measured):
        raise _divergence(fault, progress, objective, name)
    progress.epoch, progress.batch, progress.loss_sum = progress.epoch + 1, 0, torch.zeros(())
    progress.history.append({"epoch": progress.epoch, **measured})
    score = measured[objective.criterion] if objective.criterion else float(progress.epoch)
    if score > progress.best_score:
        progress.best_epoch, progress.best_score = progress.epoch, score
        progress.weights = {key: value.detach().clone() for key, value in objective.result().state_dict().items()}
    numbers = ", ".join(f"{key} {value:.4f}" for key, value in measured.items())
    log.info("%s epoch %d of %d: %s", name, progress.epoch, recipe.epochs, numbers)


def _state(progress: Progress, objective: Objective, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    return {"progress": vars(progress), "objective": objective.state_dict(), "optimizer": optimizer.state_dict()}


def _resumed(objective: Objective, optimizer: torch.optim.Optimizer, state_file: StateFile) -> Progress:
    state = state_file.read()
    if state is None:
        return Progress()
    objective.load_state_dict(state["objective"])
    optimizer.load_state_dict(state["optimizer"])
    progress = Progress(**state["progress"])
    log.info("%s: goes on in epoch %d after batch %d", state_file.path, progress.epoch + 1, progress.batch)
    return progress
