"""Learning from labels."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from heterodox.networks.loading import Member
from heterodox.training.augmentation import Draws, draw_flips_and_shifts, flip_and_shift
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import Objective
from heterodox.training.recipe import Recipe


class Supervision(Objective):
    """Cross-entropy between the logits of `member` and the labels."""

    criterion = "validation_accuracy"

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


@torch.no_grad()
def predicted_logits(member: Member, images: LabelledImages, batch_size: int = 500) -> Tensor:
    """Return the logits (N, classes) of all images, in evaluation mode."""
    member.eval()
    return torch.cat([member(pixels(part)).float() for part in images.images.split(batch_size)])


def accuracy_and_loss(member: Member, validation: LabelledImages) -> dict[str, float]:
    """Return `validation_accuracy` in 0..1 and `validation_loss`, the mean cross-entropy in nats."""
    logits = predicted_logits(member, validation)
    correct = logits.argmax(1) == validation.labels
    return {
        "validation_accuracy": float(correct.double().mean()),
        "validation_loss": float(cross_entropy(logits, validation.labels)),
    }
