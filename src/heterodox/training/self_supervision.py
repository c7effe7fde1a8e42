"""Learning without labels: self-distillation between views (DINO, Caron et al. 2021, Algorithm 1)."""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, log_softmax, normalize, softmax

from heterodox.networks.loading import Member, features
from heterodox.streams import torch_draws_from, torch_stream
from heterodox.training.augmentation import Draws
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.loop import Objective
from heterodox.training.recipe import Pretraining
from heterodox.training.views import draw_views, view

GLOBAL_VIEWS = 2


def dino_loss(student: Tensor, teacher: Tensor, centre: Tensor, recipe: Pretraining) -> Tensor:
    """Return the cross-entropy in nats between the teacher's and the student's output on different views.

    `student` (views, n, outputs) holds the logits of all views, `teacher` (global views, n, outputs) those of the
    global ones, which come first in both; `centre` is (outputs,). The mean runs over images and all pairs of a
    teacher's and another view of the student.
    """
    targets = softmax((teacher - centre) / recipe.teacher_temperature, dim=-1)
    predictions = log_softmax(student / recipe.student_temperature, dim=-1)
    pairs = -torch.einsum("tno,sno->ts", targets, predictions) / student.shape[1]
    different = ~torch.eye(*pairs.shape, dtype=torch.bool, device=pairs.device)
    return pairs[different].mean()


class Projection(nn.Module):
    """A multilayer perceptron to unit vectors, then their cosines with `outputs` learned directions."""

    def __init__(self, width: int, recipe: Pretraining) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, recipe.hidden),
            nn.GELU(),
            nn.Linear(recipe.hidden, recipe.hidden),
            nn.GELU(),
            nn.Linear(recipe.hidden, recipe.bottleneck),
        )
        self.directions = nn.Parameter(torch.randn(recipe.outputs, recipe.bottleneck))

    def forward(self, values: Tensor) -> Tensor:
        """Return logits (n, outputs) of features (n, width), each in -1..1: weights are normalised, gain 1."""
        return linear(normalize(self.layers(values), dim=-1), normalize(self.directions, dim=-1))


class ProjectedMember(nn.Module):
    """A member's features, projected."""

    def __init__(self, member: Member, recipe: Pretraining) -> None:
        super().__init__()
        self.member = member
        self.projection = Projection(self._width(), recipe)

    def _width(self) -> int:
        mean = self.member.mean
        with torch.no_grad():
            return self.features(mean.new_zeros(2, mean.shape[1], *self.member.resolution)).shape[1]

    def features(self, seen: Tensor) -> Tensor:
        """Return the features (n, width) of pixels in [0, 1]."""
        return features(self.member.network, self.member.normalised(seen))

    def forward(self, seen: Tensor) -> Tensor:
        """Return the logits (n, outputs) of pixels in [0, 1]."""
        values = self.features(seen).float()
        # Divided by a small temperature, an error of bfloat16 would be as large as the differences that count.
        with torch.autocast(values.device.type, enabled=False):
            return self.projection(values)


class SelfDistillation(Objective):
    """A student learns to say of any view what its own running average, the teacher, says of another.

    The teacher's backbone is the outcome. Both normalise by batch statistics while training, as published.
    """

    centre: Tensor

    def __init__(self, member: Member, recipe: Pretraining) -> None:
        super().__init__()
        self.recipe = recipe
        self.student = ProjectedMember(member.eval(), recipe)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("centre", torch.zeros(recipe.outputs))

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Draw the numbers of every view."""
        return {"views": draw_views(count, GLOBAL_VIEWS + self.recipe.local_views, generator)}

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the DINO loss in nats; the labels are not looked at. Moves the centre."""
        views = self._views(pixels(images), draws["views"])
        with torch.no_grad():
            teacher = self.teacher(views[: GLOBAL_VIEWS * len(images)]).unflatten(0, (GLOBAL_VIEWS, -1))
        student = self.student(views).unflatten(0, (-1, len(images)))
        with torch.autocast(images.device.type, enabled=False):
            loss = dino_loss(student, teacher, self.centre, self.recipe)
        self.centre.lerp_(teacher.mean(dim=(0, 1)), 1 - self.recipe.centre_momentum)
        return loss

    def _views(self, seen: Tensor, numbers: Tensor) -> Tensor:
        """Return all views (views * n, C, H, W), view by view, the global ones first."""
        scales = [self.recipe.global_scale] * GLOBAL_VIEWS + [self.recipe.local_scale] * self.recipe.local_views
        return torch.cat([view(seen, numbers[:, i], scale, self.recipe.jitter) for i, scale in enumerate(scales)])

    @torch.no_grad()
    def after_step(self, done: float) -> None:
        """Let the teacher follow; its momentum rises to 1 along a cosine."""
        momentum = 1 - (1 - self.recipe.teacher_momentum) * (math.cos(math.pi * done) + 1) / 2
        for mine, others in zip(self.teacher.parameters(), self.student.parameters(), strict=True):
            mine.lerp_(others, 1 - momentum)

    @torch.no_grad()
    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return signs of collapse, seen on unchanged images.

        `entropy`: of the teacher's output per image in nats; ln(outputs) = says nothing. `spread`: entropy of the mean
        output; 0 = says the same of every image. `feature_std`: mean standard deviation of the unit-length features'
        coordinates, times the root of their number; 1 = spread over the sphere, 0 = collapsed to one point.
        """
        self.teacher.eval()
        parts = [
            self.teacher.features(pixels(part)).float()
            for part in validation.images.split(self.teacher.member.batch_size)
        ]
        seen = torch.cat(parts)
        output = softmax((self.teacher.projection(seen) - self.centre) / self.recipe.teacher_temperature, dim=-1)
        return {
            "entropy": float(_entropy(output).mean()),
            "spread": float(_entropy(output.mean(0))),
            "feature_std": float(normalize(seen, dim=-1).std(0).mean() * math.sqrt(seen.shape[1])),
        }

    def result(self) -> nn.Module:
        """Return the teacher's backbone."""
        return self.teacher.member.network


def _entropy(probabilities: Tensor) -> Tensor:
    return torch.special.entr(probabilities).sum(-1)


def objective_for(member: Member, recipe: Pretraining, seed: int, name: str) -> SelfDistillation:
    """Return the objective with the projection's initial weights keyed by seed and name."""
    with torch_draws_from(torch_stream(seed, "initial weights", name, "projection")):
        return SelfDistillation(member, recipe).to(member.mean.device)
