"""All heads of an ensemble on the features of a frozen trunk, trained in one batched computation.

Every head has its own weights, its own sample of the images and its own order; heads meet in nothing but the
multiplication of stacked matrices, so each becomes what it would have become alone.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, relu

from heterodox.networks.heads import new_head
from heterodox.networks.tasks import Task
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.augmentation import Draws
from heterodox.training.images import LabelledImages
from heterodox.training.loop import Objective
from heterodox.training.recipe import Recipe


class StackedHeads(Objective):
    """M heads on features (N, width): the sum of their mean losses, whose gradient is each head's own.

    `members` are the numbers under which the heads draw their first weights and their orders, `samples` the rows of
    the training features that each of them sees. In an epoch a head sees as many images as there are, its own sample
    over and over where that is smaller.
    """

    remedy = "lower the learning_rate of the member set's recipe or lengthen its warmup_epochs"

    def __init__(
        self,
        width: int,
        task: Task,
        hidden: Sequence[int],
        recipe: Recipe,
        members: Sequence[int],
        samples: Sequence[np.ndarray],
        seed: int,
        name: str,
    ) -> None:
        super().__init__()
        self.task, self.recipe, self.members = task, recipe, list(members)
        self.samples = [torch.from_numpy(np.asarray(sample)) for sample in samples]
        heads = [first_head(width, 1, task, hidden, seed, name, member) for member in self.members]
        layers = [[layer for layer in head if isinstance(layer, nn.Linear)] for head in heads]
        self.names = [layer for layer, module in heads[0].named_children() if isinstance(module, nn.Linear)]
        count = len(self.names)
        self.weights = nn.ParameterList(torch.stack([own[at].weight.detach() for own in layers]) for at in range(count))
        # One axis, as the optimiser tells by their axes that biases are not decayed.
        self.biases = nn.ParameterList(torch.cat([own[at].bias.detach() for own in layers]) for at in range(count))

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Return `rows` (count, M): the image that each head takes where the loop takes its own."""
        seed = int(torch.randint(2**62, (1,), generator=generator))
        orders = [
            _order(sample, count, torch_stream(seed, "order of a head", member))
            for member, sample in zip(self.members, self.samples, strict=True)
        ]
        return {"rows": torch.stack(orders, 1)}

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the sum of the heads' losses; each takes the rows that were drawn for it, of what is attached."""
        rows = draws["rows"].T
        return self.losses(self.logits(self.features[rows]), self.targets[rows]).sum()

    def attach(self, training: LabelledImages) -> None:
        """Let the heads take their images from these features (N, width), with targets (N, columns)."""
        self.features, self.targets = training.images, training.labels

    def logits(self, features: Tensor) -> Tensor:
        """Return logits (M, n, outputs) of features, (n, width) for all heads or (M, n, width), each its own."""
        values = features.expand(len(self.members), *features.shape) if features.ndim == 2 else features
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if place:
                values = relu(values)
            values = torch.baddbmm(bias.view(len(self.members), 1, -1), values, weight.transpose(1, 2))
        return values

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return each head's mean loss (M,) in nats, for logits (M, n, outputs) and targets (M, n, columns)."""
        if self.task.multi_label:
            return binary_cross_entropy_with_logits(logits, targets.float(), reduction="none").mean((1, 2))
        flat, wanted = logits.flatten(0, 1), targets[..., 0].flatten()
        smoothing = self.recipe.label_smoothing
        return cross_entropy(flat, wanted, label_smoothing=smoothing, reduction="none").view(len(logits), -1).mean(1)

    @torch.no_grad()
    def accuracies(self, held_out: LabelledImages) -> Tensor:
        """Return each head's accuracy (M,) in 0..1 on features and targets; of several outputs, their mean."""
        return accuracies(self.logits(held_out.images), held_out.labels, self.task)

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return the mean accuracy of the heads, and the worst one's."""
        found = self.accuracies(validation)
        return {"validation_accuracy": float(found.mean()), "worst_accuracy": float(found.min())}

    def result(self) -> nn.Module:
        """Return the stacked parameters."""
        return self

    def stacked(self) -> dict[str, Tensor]:
        """Return the parameters by the names they have in a head, each (M, ...)."""
        tensors: dict[str, Tensor] = {}
        for name, weight, bias in zip(self.names, self.weights, self.biases, strict=True):
            tensors |= {f"{name}.weight": weight.detach(), f"{name}.bias": bias.detach().view(len(self.members), -1)}
        return tensors


def first_head(
    features: int, pool: int, task: Task, hidden: Sequence[int], seed: int, name: str, member: int
) -> nn.Sequential:
    """Return the untrained head of a member; its weights depend on the seed, the name and the member alone."""
    with torch_draws_from(torch_stream(seed, "initial weights", f"{name} head", member)):
        return new_head(features, len(task.outputs), hidden, pool)


def accuracies(logits: Tensor, targets: Tensor, task: Task) -> Tensor:
    """Return the share of right answers over the last but one axis of logits (..., n, outputs).

    Targets are (n, columns). A yes is a logit above 0; of several outputs the mean share.
    """
    if task.multi_label:
        return ((logits > 0) == (targets > 0)).double().mean((-2, -1))
    return (logits.argmax(-1) == targets[:, 0]).double().mean(-1)


def _order(sample: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` rows of a sample in a random order, each as often as any other to within one."""
    passes = -(-count // len(sample))
    return torch.cat([sample[torch.randperm(len(sample), generator=generator)] for _ in range(passes)])[:count]
