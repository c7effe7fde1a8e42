"""Learning several tasks at once on one trunk, or a single one: the sum of their losses, each with its weight."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from heterodox.networks.multitask import MultiTask
from heterodox.networks.tasks import Task
from heterodox.training.augmentation import Draws, draw_flips_and_shifts, flip_and_shift
from heterodox.training.heads import accuracies
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import Objective, train
from heterodox.training.recipe import Recipe
from heterodox.training.state import StateFile


class JointSupervision(Objective):
    """The joint loss of a network with several heads: the sum over tasks of weight times mean loss.

    Labels (n, columns) hold the targets of all tasks side by side, -1 where unknown; what is unknown has no loss.
    """

    criterion = "validation_accuracy"
    remedy = "lower the recipe's learning_rate, lengthen warmup_epochs, or lower the weights of the tasks"

    def __init__(self, network: MultiTask, recipe: Recipe, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.network, self.recipe = network, recipe
        self.weights = {task.name: weights.get(task.name, 1.0) for task in network.tasks}

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Draw a flip and a shift per image."""
        return draw_flips_and_shifts(count, self.recipe.flip, self.recipe.shift, generator)

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the joint loss in nats."""
        logits = self.network(pixels(flip_and_shift(images, draws, self.recipe.shift))).float()
        total = logits.new_zeros(())
        for task, own, wanted in parts(self.network.tasks, logits, labels):
            total = total + self.weights[task.name] * task_loss(task, own, wanted, self.recipe.label_smoothing)
        return total

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return the accuracy of each task, and their mean as `validation_accuracy`."""
        found = task_accuracies(self.network, validation)
        return {"validation_accuracy": sum(found.values()) / len(found), **found}

    def result(self) -> nn.Module:
        """Return the network."""
        return self.network


def train_in_turn(
    networks: Mapping[str, MultiTask],
    trainings: Sequence[LabelledImages],
    held_out: LabelledImages,
    recipe: Recipe,
    weights: Mapping[str, float],
    seed: int,
    state_files: Sequence[tuple[StateFile, StateFile]],
) -> list[list[dict[str, Any]]]:
    """Train networks one after the other, in place, each on images of its own, and return their histories.

    The names of `networks` are those under which they draw their random numbers. Each has two state files: where its
    training stands, and its weights once it is trained, so that a killed job trains none of them twice.
    """
    histories = []
    for (name, network), training, (running, finished) in zip(networks.items(), trainings, state_files, strict=True):
        done = finished.read()
        if done is None:
            objective = JointSupervision(network, recipe, weights)
            progress = train(objective, training, held_out, recipe, seed, name, running)
            done = {"weights": progress.weights, "history": progress.history}
            finished.write(done)
            running.remove()
        network.load_state_dict(done["weights"])
        network.eval()
        histories.append(done["history"])
    return histories


def parts(tasks: list[Task], logits: Tensor, labels: Tensor) -> list[tuple[Task, Tensor, Tensor]]:
    """Return (task, its logits (n, outputs), its targets (n, columns)) for each task."""
    of_logits = logits.split([len(task.outputs) for task in tasks], 1)
    of_labels = labels.split([task.columns for task in tasks], 1)
    return list(zip(tasks, of_logits, of_labels, strict=True))


def task_loss(task: Task, logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean loss in nats over what is known; 0 where nothing is."""
    known = targets >= 0
    if task.multi_label:
        losses = binary_cross_entropy_with_logits(logits, targets.clamp(min=0).float(), reduction="none")
    else:
        losses = cross_entropy(logits, targets[:, 0].clamp(min=0), label_smoothing=smoothing, reduction="none")[:, None]
    return (losses * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def task_accuracies(network: MultiTask, images: LabelledImages) -> dict[str, float]:
    """Return the share of right answers of each task in 0..1, by name, over the images whose answer is known."""
    network.eval()
    batches = images.images.split(network.trunk.batch_size)
    logits = torch.cat([network(pixels(batch)).float() for batch in batches])
    found = {}
    for task, own, wanted in parts(network.tasks, logits, images.labels):
        rows = (wanted >= 0).all(1)
        found[task.name] = float(accuracies(own[rows], wanted[rows], task)) if rows.any() else float("nan")
    return found
