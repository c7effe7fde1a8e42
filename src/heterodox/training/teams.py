"""Teams: members that learn together, in one training, and are then members like any other."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from heterodox.networks.loading import Member
from heterodox.training.augmentation import Draws, draw_flips_and_shifts, flip_and_shift
from heterodox.training.batching import batched_logits
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import Objective
from heterodox.training.losses import TeamLoss
from heterodox.training.recipe import Recipe
from heterodox.training.supervision import accuracy_and_loss_of_logits

SENSELESS = 2.0  # times ln(classes), the cross-entropy of knowing nothing


class Team(Objective):
    """Members that see the same images, changed in the same way, and share a loss.

    The best epoch is the one after which the ensemble (mean of the logits) is most accurate on the validation images;
    only the attribution loss, which fights the labels, keeps its last sane epoch, as in the paper (section 4.3.1).
    With `batched`, equal networks run as one.
    """

    terms: Tensor
    remedy = "lower lambda, set a cap, or lower the recipe's learning_rate"

    def __init__(
        self, members: Sequence[Member], team_loss: TeamLoss, recipe: Recipe, classes: int, batched: bool = False
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.team_loss, self.recipe, self.batched = team_loss, recipe, batched
        self.bound = SENSELESS * math.log(classes)
        self.criterion = None if team_loss.explains else "team_validation_accuracy"
        # Over the batches of this epoch: sum of the cross-entropies, sum of the diversities, number.
        self.register_buffer("terms", torch.zeros(3))

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Draw a flip and a shift per image."""
        return draw_flips_and_shifts(count, self.recipe.flip, self.recipe.shift, generator)

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the team's loss and count its terms."""
        seen = pixels(flip_and_shift(images, draws, self.recipe.shift))
        logits = self.logits(seen)
        maps = self.maps(seen[: self.team_loss.explained]) if self.team_loss.explains else None
        with torch.autocast(seen.device.type, enabled=False):
            terms = self.team_loss(logits.float(), labels, maps, self.recipe.label_smoothing)
        self.terms += torch.stack([terms.cross_entropy.detach(), terms.diversity.detach(), self.terms.new_ones(())])
        return terms.loss

    def logits(self, seen: Tensor) -> Tensor:
        """Return logits (M, n, classes) of pixels in [0, 1]: (n, C, H, W) for all, or (M, n, C, H, W), each its own."""
        if self.batched:
            return batched_logits([*self.members], seen)
        own = seen.expand(len(self.members), *seen.shape[-4:])
        return torch.stack([member(images) for member, images in zip(self.members, own, strict=True)])

    def maps(self, seen: Tensor) -> Tensor:
        """Return |d top logit / d pixel|, float32 (M, n, C, H, W), of pixels (n, C, H, W), with a graph to learn from.

        Taken in evaluation mode, in which no logit depends on another image, and with respect to the stored pixels: for
        members that see these without resizing, what a dump of the member would hold.
        """
        own = seen.repeat(len(self.members), 1, 1, 1, 1).requires_grad_()
        with _evaluation(self.members), sdpa_kernel(SDPBackend.MATH):  # fused attention has no second derivative
            tops = self.logits(own).max(-1).values.float().sum()
        return torch.autograd.grad(tops, own, create_graph=True)[0].abs()

    @torch.no_grad()
    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return `team_...` of the ensemble, `... i` of member i from 1, and the mean terms of the loss in training."""
        logits = torch.stack([_logits_of(member, validation) for member in self.members])  # type: ignore[arg-type]
        scores = accuracy_and_loss_of_logits(logits.mean(0), validation.labels)
        measured = {f"team_{key}": value for key, value in scores.items()}
        for place, own in enumerate(logits, 1):
            scores = accuracy_and_loss_of_logits(own, validation.labels)
            measured |= {f"{key} {place}": value for key, value in scores.items()}
        entropies, diversities, batches = self.terms.tolist()
        self.terms.zero_()
        return measured | {"cross_entropy": entropies / batches, "diversity": diversities / batches}

    def fault(self, measured: dict[str, float]) -> str | None:
        """Return how the team has diverged, or None while all measurements are finite and within the bound.

        Twice the loss of knowing nothing, 2 ln(classes) nats, is the bound of the members' mean cross-entropy in
        training and, if the loss has none of its own, of what the weighted diversity takes off each member's loss.
        """
        if not all(map(math.isfinite, measured.values())):
            return "a measurement is no longer finite"
        gain = self.team_loss.weight * measured["diversity"] / self.team_loss.factor(len(self.members))
        if measured["cross_entropy"] > self.bound:
            return f"the members' cross-entropy of {measured['cross_entropy']:.3g} nats exceeds {self.bound:.3g}"
        if gain > self.bound and not self.team_loss.bounded:
            return f"the diversity's gain of {gain:.3g} nats per member exceeds {self.bound:.3g}"
        return None

    def result(self) -> nn.Module:
        """Return the members' networks as one module, member by member."""
        return nn.ModuleList([member.network for member in self.members])  # type: ignore[misc]


@contextmanager
def _evaluation(module: nn.Module) -> Iterator[None]:
    before = module.training
    module.eval()
    yield
    module.train(before)


def _logits_of(member: Member, images: LabelledImages) -> Tensor:
    member.eval()
    return torch.cat([member(pixels(part)).float() for part in images.images.split(member.batch_size)])
