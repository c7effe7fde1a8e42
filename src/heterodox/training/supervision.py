"""Learning from labels."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from heterodox.networks.loading import Member
from heterodox.storage.images import ImageFile
from heterodox.training.augmentation import Draws, draw_flips_and_shifts, flip_and_shift
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import Objective
from heterodox.training.recipe import Recipe


class Supervision(Objective):
    """Cross-entropy between the logits of `member` and the labels."""

    criterion: str | None = "validation_accuracy"

    def __init__(self, member: Member, recipe: Recipe) -> None:
        super().__init__()
        self.member, self.recipe = member, recipe

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Draw a flip and a shift per image."""
        return draw_flips_and_shifts(count, self.recipe.flip, self.recipe.shift, generator)

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the mean cross-entropy in nats."""
        return self.cross_entropy(self.member(pixels(flip_and_shift(images, draws, self.recipe.shift))), labels)

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats with the recipe's label smoothing, logits (n, classes)."""
        return cross_entropy(logits.float(), labels, label_smoothing=self.recipe.label_smoothing)

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return the accuracy and the cross-entropy on the validation images."""
        return accuracy_and_loss(self.member, validation)

    def result(self) -> nn.Module:
        """Return the member's network."""
        return self.member.network


def accuracy_and_loss(member: Member, validation: LabelledImages) -> dict[str, float]:
    """Return `validation_accuracy` in 0..1 and `validation_loss`, the mean cross-entropy in nats."""
    return _accuracy_and_loss(member, validation.images.split(member.batch_size), validation.labels)


def accuracy_and_loss_of_file(member: Member, validation: ImageFile) -> dict[str, float]:
    """Return what `accuracy_and_loss` does, with no more than a batch of the images in memory."""
    batches = (torch.from_numpy(batch) for _, batch in validation.batches(member.batch_size))
    return _accuracy_and_loss(member, batches, torch.from_numpy(validation.labels))


@torch.no_grad()
def _accuracy_and_loss(member: Member, batches: Iterable[Tensor], labels: Tensor) -> dict[str, float]:
    member.eval()
    device = member.mean.device
    logits = torch.cat([member(pixels(batch.to(device))).float() for batch in batches])
    return accuracy_and_loss_of_logits(logits, labels.to(device))


def accuracy_and_loss_of_logits(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Return what `accuracy_and_loss` does, from logits (N, classes) and labels (N,)."""
    return {
        "validation_accuracy": float((logits.argmax(1) == labels).double().mean()),
        "validation_loss": float(cross_entropy(logits, labels)),
    }
