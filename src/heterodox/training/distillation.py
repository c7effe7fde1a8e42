"""Learning from labels and from a trained teacher: DeiT's hard distillation (Touvron et al. 2021, Eq. 3)."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from heterodox.networks.loading import Member
from heterodox.training.augmentation import Draws, flip_and_shift
from heterodox.training.images import pixels
from heterodox.training.recipe import Recipe
from heterodox.training.supervision import Supervision


def hard_distillation_loss(class_loss: Tensor, distillation_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Return half the class head's loss plus half the cross-entropy of the distillation head with the teacher's choice.

    `class_loss` is a scalar, both logits are (n, classes). The teacher's arg max counts as a label.
    """
    return (class_loss + cross_entropy(distillation_logits.float(), teacher_logits.argmax(1))) / 2


class Distillation(Supervision):
    """The class head learns the label, the distillation head what the frozen `teacher` says of the same pixels.

    In training mode the member's network returns both heads' logits, in evaluation mode their mean.
    """

    def __init__(self, member: Member, teacher: Member, recipe: Recipe) -> None:
        super().__init__(member, recipe)
        self.teacher = teacher.requires_grad_(False)

    def train(self, mode: bool = True) -> "Distillation":
        """Switch the member; the teacher stays in evaluation mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the mean of both heads' losses in nats."""
        seen = pixels(flip_and_shift(images, draws, self.recipe.shift))
        with torch.no_grad():
            teacher_logits = self.teacher(seen)
        class_logits, distillation_logits = self.member(seen)
        return hard_distillation_loss(self.cross_entropy(class_logits, labels), distillation_logits, teacher_logits)
