"""Progressive shrinking: a trained residual network learns to work at every depth and width of a space.

Each step trains a sandwich of sub-networks: the largest learns the labels, the others what the largest says of the same
images (in-place distillation). Within a step, batch normalisation takes the batch's own statistics; a sub-network
that is measured or exported gets statistics of its own, recalibrated on training images.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax

from heterodox.errors import UserError
from heterodox.networks.loading import Member, load_member
from heterodox.networks.subnetwork_spaces import Space, space_of
from heterodox.networks.subnetworks import Configuration, check_residual, cut
from heterodox.networks.supernetwork import SuperNetwork
from heterodox.storage.members import read_description
from heterodox.streams import stream, torch_stream
from heterodox.training.augmentation import Draws, flip_and_shift
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.recipe import Recipe, number
from heterodox.training.supervision import Supervision, accuracy_and_loss


@dataclass(frozen=True)
class Shrinking(Recipe):
    """Progressive shrinking (Cai et al. 2020) under the sandwich rule (Yu and Huang 2019).

    A stage may lose up to `skipped_blocks` residual branches and keeps one of `width_options` evenly spaced shares of
    its channels from `smallest_width` to all. Every step trains the largest sub-network, the smallest one and
    `random_subnetworks` more. Smaller depths open up one by one during the first `depth_share` of the training, smaller
    widths during the `width_share` after it; the rest of the training goes to the whole space. A sub-network's
    statistics of the batch normalisation are taken from `calibration_images` training images in full batches.
    """

    skipped_blocks: int = number(1)
    width_options: int = number(5, low=1)
    smallest_width: float = number(0.5, low=0.01, high=1)
    random_subnetworks: int = number(2)
    depth_share: float = number(0.2, high=1)
    width_share: float = number(0.3, high=1)
    calibration_images: int = number(2048, low=2)


def distillation_loss(logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence, in nats (0 = the same), of the pupil from the teacher.

    Both are (n, classes); no gradient reaches the teacher.
    """
    teacher = log_softmax(teacher_logits.detach().float(), 1)
    return kl_div(log_softmax(logits.float(), 1), teacher, reduction="batchmean", log_target=True)


class ProgressiveShrinking(Supervision):
    """Trains all sub-networks of `member`, whose channels are sorted, on one set of weights.

    The sub-networks of a step are keyed by (seed, name, step). `calibration` are uint8 images (n, H, W, C).
    """

    criterion = None

    def __init__(self, member: Member, recipe: Shrinking, calibration: Tensor, seed: int, name: str) -> None:
        super().__init__(member, recipe)
        if recipe.depth_share + recipe.width_share > 1:
            raise UserError(f"{name}: depth_share and width_share must not exceed 1 together; lower one of them")
        self.shrinking, self.calibration, self.seed, self.name = recipe, calibration, seed, name
        self.space = space_of_recipe(member.network, recipe)
        self.super_network = SuperNetwork(member.network)
        self.step, self.done = 0, 0.0  # plain numbers: reading them from a GPU would make every step wait for it

    def get_extra_state(self) -> dict[str, float]:
        """Return what the state of a training keeps beside the tensors."""
        return {"step": self.step, "done": self.done}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_extra_state` gave."""
        self.step, self.done = state["step"], state["done"]

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the mean over the sandwich of the largest's cross-entropy and the others' divergence from it."""
        seen = self.member.normalised(pixels(flip_and_shift(images, draws, self.recipe.shift)))
        teacher = self.super_network.logits(seen, self.space.largest)
        losses = [self.cross_entropy(teacher, labels)]
        for configuration in self.pupils():
            losses.append(distillation_loss(self.super_network.logits(seen, configuration), teacher))
        return torch.stack(losses).mean()

    def pupils(self) -> list[Configuration]:
        """Return this step's sub-networks: the smallest that is open, then random ones."""
        space = open_space(self.space, self.done, self.shrinking)
        generator = stream(self.seed, "sub-networks", self.name, self.step)
        return [space.smallest, *(space.draw(generator) for _ in range(self.shrinking.random_subnetworks))]

    def after_step(self, done: float) -> None:
        """Count the step."""
        self.step, self.done = self.step + 1, done

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return accuracy and loss of the largest and the smallest sub-network on the validation images.

        The network's own statistics are those of the largest from here on.
        """
        size = self.recipe.batch_size
        recalibrate(self.member, self.calibration, size)
        least = submember(self.member, self.space.smallest, self.calibration, size)
        smallest = {f"smallest_{key}": value for key, value in accuracy_and_loss(least, validation).items()}
        return accuracy_and_loss(self.member, validation) | smallest


def space_of_recipe(network: nn.Module, recipe: Shrinking) -> Space:
    """Return the sub-networks of `network` that the recipe describes."""
    return space_of(network, recipe.skipped_blocks, recipe.width_options, recipe.smallest_width)


def open_space(space: Space, done: float, recipe: Shrinking) -> Space:
    """Return what is trained after the share `done` of the training: first depths open up, then widths."""
    return space.opened(
        _opened_share(done, recipe.depth_share), _opened_share(done - recipe.depth_share, recipe.width_share)
    )


def _opened_share(done: float, period: float) -> float:
    """Return 0 before the period, above 0 at its begin, 1 from its end on."""
    if done < 0:
        return 0.0
    return min(1.0, done / period) if period and done < period else 1.0


def load_residual_member(weights: Path, training: LabelledImages) -> Member:
    """Return a trained member of arch resnet; UserError for another one, or one that knows other classes."""
    described = read_description(weights)
    if described["arch"] != "resnet":
        raise UserError(f"{weights}: arch {described['arch']} is no residual network to shrink; name a resnet")
    if described["classes"] != list(training.classes):
        raise UserError(
            f"{weights}: its {len(described['classes'])} classes are not the {len(training.classes)} of the training "
            "images; train it on this data set"
        )
    member = load_member(weights, training.device)
    check_residual(member.network, str(weights))
    return member


def calibration_images(training: LabelledImages, recipe: Shrinking, seed: int) -> Tensor:
    """Return the training images, uint8 (n, H, W, C), from which all sub-networks take their statistics."""
    order = torch.randperm(len(training), generator=torch_stream(seed, "calibration images"))
    return training.images[order[: recipe.calibration_images].to(training.device)]


@torch.no_grad()
def recalibrate(member: Member, images: Tensor, size: int) -> None:
    """Replace all running means and variances by their averages over batches of `size` training images.

    `images` are uint8 (n, H, W, C); what fills no batch is left out. The member is in evaluation mode afterwards.
    """
    norms = [layer for layer in member.modules() if isinstance(layer, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    member.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for the plain average
        norm.train()
    size = min(size, len(images))
    for part in images[: len(images) // size * size].split(size):
        member(pixels(part))
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
    member.eval()


def submember(member: Member, configuration: Configuration, calibration: Tensor, size: int) -> Member:
    """Return a sub-network of `member` as a member of its own, its statistics recalibrated."""
    network = cut(member.network, configuration)
    small = Member(network, member.mean.flatten().tolist(), member.std.flatten().tolist(), member.resolution)
    small.to(member.mean.device).requires_grad_(False)
    recalibrate(small, calibration, size)
    return small
