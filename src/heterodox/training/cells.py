"""Training networks of cells: the recipe of Carmichael et al. (2021, Appendix B), with their regulariser."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from heterodox.networks.activations import LAYERS, copies_of, watched
from heterodox.networks.loading import Member
from heterodox.training.augmentation import Draws, draw_flips_and_shifts, draw_windows, flip_and_shift, kept_pixels
from heterodox.training.images import LabelledImages, pixels
from heterodox.training.recipe import Recipe, choice, number
from heterodox.training.supervision import Supervision


@dataclass(frozen=True)
class CellRecipe(Recipe):
    """The paper's numbers for CIFAR-10 as defaults; 5 epochs for MNIST, 200 for ImageNet-16-120.

    Images are z-scored, padded with zeros on all sides by `shift` pixels, cut back at random, mirrored in half of the
    cases (`flip`), and a window of `cutout` pixels in height and width is zeroed; None stands for the paper's
    ceil(H / 8) and twice that. `threads` is how many a training uses, whatever the machine has: sums depend on it in
    their last bits. `regularisation` is the weight of the similarity of class means in the loss (0.5 in the paper's
    runs with it). Weight decay is PyTorch's (5e-4 of Keras's l2 would be 1e-3 here); norms and biases have none.
    bfloat16 convolutions and channels last are the fastest on the processors and GPUs tried, see bench/cells.py.
    """

    optimizer: str = choice("sgd", "adamw", "adabelief")
    learning_rate: float = number(0.1, high=10)
    weight_decay: float = number(5e-4, high=10)
    epochs: int = number(12, low=1)
    batch_size: int = number(512, low=2)
    warmup_epochs: float = number(0.5)
    precision: str = choice("bfloat16", "float32")
    channels_last: bool = True
    flip: bool = True
    shift: int | None = number(None)  # type: ignore[assignment]  # None has a meaning here only
    cutout: int | None = number(None)
    regularisation: float = number(0.0, high=1000)
    threads: int = number(1, low=1)

    def shift_of(self, height: int) -> int:
        """Return by how many pixels images of this height are padded."""
        return math.ceil(height / 8) if self.shift is None else self.shift

    def half_window_of(self, height: int) -> int:
        """Return half the side of the cut-out window for images of this height."""
        return math.ceil(height / 8) if self.cutout is None else self.cutout // 2

    def repairing(self, epochs: int = 5, learning_rate: float = 1e-3) -> "CellRecipe":
        """Return the recipe by which a trained cell goes on to keep two classes apart (Appendix K)."""
        return replace(self, epochs=epochs, learning_rate=learning_rate, schedule="constant", warmup_epochs=0.0)


def pair_weights(classes: int, pair: tuple[int, int], weight: float = 25.0) -> np.ndarray:
    """Return the symmetric weights (C, C) of Eq. 5: `weight` for one pair of classes, 1 for all others."""
    weights = np.ones((classes, classes))
    weights[pair[0], pair[1]] = weights[pair[1], pair[0]] = weight
    return weights


class ClassSimilarity:
    """The mean cosine similarity of the class means of a batch's activations: what is lowered to separate classes.

    The similarity is 1 - distance, so its gradient is that of Eq. 5. Of the activations no more is kept than the pass
    backward needs anyway: each layer adds its class means (C, units) and their inner products (C, C).
    """

    def __init__(self, classes: int, weights: np.ndarray | None = None, kinds: Sequence[str] = LAYERS) -> None:
        self.classes, self.kinds = classes, tuple(kinds)
        self.weights = None if weights is None else torch.from_numpy(weights).float()

    def logits_and_similarity(self, network: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits (n, C) of normalised images and the similarity, a scalar in -1..1 if weights are 1.

        Pairs of which a class has no image in the batch do not count; 0 where no pair is left.
        """
        members = nn.functional.one_hot(labels, self.classes).float().T
        counts = members.sum(1, keepdim=True)
        averaging = members / counts.clamp(min=1)
        grams: list[Tensor] = []

        def add(name: str, layer: nn.Module, output: Tensor) -> None:
            with torch.autocast(output.device.type, enabled=False):
                means = averaging @ _rows(output).float()
                grams.append(copies_of(layer) * (means @ means.T))

        with watched(network, self.kinds, add):
            logits = network(images)
        return logits, self._similarity(torch.stack(grams).sum(0), counts[:, 0] > 0)

    def _similarity(self, gram: Tensor, present: Tensor) -> Tensor:
        rows, columns = torch.triu_indices(self.classes, self.classes, 1, device=gram.device)
        paired = present[rows] & present[columns]
        rows, columns = rows[paired], columns[paired]
        if not len(rows):
            return gram.sum() * 0.0
        squares = gram.diagonal().clamp(min=torch.finfo(gram.dtype).tiny)
        cosines = gram[rows, columns] / (squares[rows].sqrt() * squares[columns].sqrt())
        if self.weights is not None:
            cosines = cosines * self.weights.to(gram.device)[rows, columns]
        return cosines.mean()


def _rows(output: Tensor) -> Tensor:
    """Return a layer's output (n, ...) as rows (n, units), in the order of memory where that saves a copy."""
    if output.ndim == 4 and output.is_contiguous(memory_format=torch.channels_last):
        output = output.permute(0, 2, 3, 1)  # inner products do not mind the order of units
    return output.flatten(1)


class CellSupervision(Supervision):
    """Cross-entropy of a cell's network, with cut-out, and the regulariser where the recipe gives it a weight.

    The last epoch is the result: the validation images are what the search measures on, so they choose nothing here and
    are looked at only when the training is over. `weights` are those of Eq. 5; `layers` are the kinds whose outputs the
    regulariser looks at, as introspectability does.
    """

    criterion = None

    def __init__(
        self,
        member: Member,
        recipe: CellRecipe,
        classes: int,
        weights: np.ndarray | None = None,
        layers: Sequence[str] = LAYERS,
    ) -> None:
        super().__init__(member, recipe)
        self.settings, (height, _) = recipe, member.resolution
        self.shift, self.half_window = recipe.shift_of(height), recipe.half_window_of(height)
        self.similarity = ClassSimilarity(classes, weights, layers) if recipe.regularisation else None

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """Draw a flip, a shift and a window per image."""
        flips = draw_flips_and_shifts(count, self.settings.flip, self.shift, generator)
        return flips | draw_windows(count, *self.member.resolution, generator)

    def loss(self, images: Tensor, labels: Tensor, draws: Draws) -> Tensor:
        """Return the mean cross-entropy in nats, with the weighted similarity of class means."""
        seen = self.augmented(images, draws)
        if self.similarity is None:
            return self.cross_entropy(self.member.network(seen), labels)
        logits, similarity = self.similarity.logits_and_similarity(self.member.network, seen, labels)
        return self.cross_entropy(logits, labels) + self.settings.regularisation * similarity

    def measure(self, validation: LabelledImages) -> dict[str, float]:
        """Return nothing."""
        return {}

    def augmented(self, images: Tensor, draws: Draws) -> Tensor:
        """Return normalised images (n, C, H, W) of images uint8 (n, H, W, C): moved, mirrored, 0 where nothing is."""
        normalised = self.member.normalised(pixels(flip_and_shift(images, draws, self.shift)))
        return normalised * kept_pixels(self.member.resolution, draws, self.half_window)
