"""Many heads at once: every head of a generation trained in one batched computation, each stopping by itself.

The heads' weights are stacked, and only the features and units that a mask keeps take part. Heads are grouped by the
numbers they keep, rounded up to a step, and padded with zeros that stay zeros: what is computed for a head has a size
that depends on its own mask alone. All heads see the same batches, start from the same keyed weights, and stop one by
one. So a head comes out as if trained alone; products of other shapes may round differently, see `TOLERANCE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from heterodox.errors import UserError
from heterodox.metrics.detection import TEMPERATURE, auroc, detection_score
from heterodox.networks.loading import available_device
from heterodox.networks.masked_heads import Head, InitialHead, initial_head, split_genes
from heterodox.storage.features import Features
from heterodox.streams import torch_stream
from heterodox.training.recipe import HeadRecipe

# Largest difference of a logit, relative to 1 + its size, between a head trained among others and the same head alone:
# float32 rounds sums of other lengths differently, and training carries that on. On a CPU there was none at all.
TOLERANCE = 1e-3
# How many padded sizes there are. More of them waste less on zeros, fewer of them share more calls: small heads, and a
# GPU, wait for calls. By the sizes of the whole head alone, so that a head's own size does not hang on its companions.
FEW_WIDTHS, MANY_WIDTHS = 2, 8
SMALL_HEAD = 2**15  # links between features and hidden units
STACK_BYTES = 2**29  # largest stack of weights; with velocity and best epoch a group takes some four times as much
VALIDATION_ROWS = {"cpu": 256, "cuda": 2048}  # images in one batched pass over validation images


@dataclass(frozen=True)
class SearchFeatures:
    """What a search may see: features of the training, validation and out-of-distribution validation images.

    All are of one backbone (`storage.features.read_features` checks it). The test parts are read once, later.
    """

    train: Features
    validation: Features
    ood_validation: Features

    @property
    def feature_count(self) -> int:
        """Return the number of features P."""
        return self.train.values.shape[1]

    @property
    def class_count(self) -> int:
        """Return the number of in-distribution classes."""
        return len(self.train.classes)


@dataclass(frozen=True)
class TrainedHead:
    """A head with the weights of its best epoch, how many epochs it was trained, and the validation loss of the best.

    `best_epoch` counts from 1; 0 are the initial weights. `diverged` says that training ended as a loss was not finite.
    """

    head: Head
    best_epoch: int
    epochs: int
    validation_loss: float
    diverged: bool


@dataclass(frozen=True)
class Evaluations:
    """What M masks are worth on validation data, each array (M,); `heads` are the trained networks in that order.

    `accuracy` 0..1 and `auroc` 0..1 (in-distribution against out-of-distribution validation images): higher = better;
    `active_share` of the genes, 0..1: lower = smaller; `epochs` trained.
    """

    accuracy: np.ndarray
    active_share: np.ndarray
    auroc: np.ndarray
    epochs: np.ndarray
    heads: tuple[TrainedHead, ...]

    @property
    def objectives(self) -> np.ndarray:
        """Return (M, 3), all to be lowered: error 1 - accuracy, active share, 1 - AUROC."""
        return np.stack([1 - self.accuracy, self.active_share, 1 - self.auroc], axis=1)


def evaluate_masks(
    features: SearchFeatures,
    masks: np.ndarray,
    recipe: HeadRecipe,
    seed: int,
    run: int = 1,
    scope: str = "features",
    score: str = "odin",
    temperature: float = TEMPERATURE,
    device: torch.device | str | None = None,
) -> Evaluations:
    """Train the head of every mask (M, genes) bool and measure it on validation data; nothing is written.

    A mask's result is a function of its genes, the features, the recipe, `seed` and `run`, not of the other masks.
    Works on the GPU where there is one. ValueError for a mask that keeps nothing; UserError where all diverge.
    """
    masks = np.asarray(masks, bool)
    heads = train_heads(features.train, features.validation, masks, recipe, seed, run, scope, device)
    measured = np.array([measure_head(one.head, features, score, temperature) for one in heads]).reshape(-1, 2)
    epochs = np.array([one.epochs for one in heads], np.int64)
    return Evaluations(measured[:, 0], masks.mean(axis=1), measured[:, 1], epochs, tuple(heads))


def measure_head(
    head: Head, features: SearchFeatures, score: str = "odin", temperature: float = TEMPERATURE
) -> tuple[float, float]:
    """Return the accuracy on validation images and the AUROC against the out-of-distribution validation images."""
    return accuracy_and_auroc(head, features.validation, features.ood_validation, score, temperature)


def accuracy_and_auroc(
    head: Head, known: Features, unknown: Features, score: str = "odin", temperature: float = TEMPERATURE
) -> tuple[float, float]:
    """Return the accuracy on in-distribution images and the AUROC of a score against the others; higher = better."""
    inside, outside = head.logits(known.values), head.logits(unknown.values)
    accuracy = float((inside.argmax(1) == known.labels).mean())
    scores = (detection_score(score, logits, temperature) for logits in (inside, outside))
    return accuracy, auroc(*scores)


def train_heads(
    train: Features,
    validation: Features,
    masks: np.ndarray,
    recipe: HeadRecipe,
    seed: int,
    run: int = 1,
    scope: str = "features",
    device: torch.device | str | None = None,
) -> list[TrainedHead]:
    """Return the trained head of every mask (M, genes), in their order.

    Batches are drawn per epoch, keyed by `seed` and `run`; the rest that fills no batch is left out. ValueError for a
    mask that keeps nothing; UserError where every head's loss is no longer finite.
    """
    place = torch.device(device) if device is not None else available_device()
    kept = split_genes(masks, scope, train.values.shape[1], recipe.hidden)
    initial = initial_head(train.values.shape[1], recipe.hidden, len(train.classes), seed, run)
    data = _Data.of(train, validation, place)
    trained: dict[int, TrainedHead] = {}
    for group in _groups(*kept, place.type, len(train.classes)):
        features, units = (which[list(group.rows)] for which in kept)
        stack = _Stack.of(initial, features, units, group, place)
        trained |= zip(group.rows, _train_stack(stack, data, recipe, seed, run), strict=True)
    heads = [trained[row] for row in range(len(masks))]
    if heads and all(one.diverged for one in heads):
        raise UserError(f"recipe.learning_rate: at {recipe.learning_rate:g} the loss of every head diverges; lower it")
    return heads


@dataclass(frozen=True)
class _Group:
    """Masks whose heads are stacked: their `rows`, and the padded numbers of features and units."""

    rows: tuple[int, ...]
    features: int
    units: int


def _groups(kept_features: np.ndarray, kept_units: np.ndarray, kind: str, classes: int) -> Iterator[_Group]:
    """Yield groups of masks with the same padded sizes, none larger than STACK_BYTES."""
    few = kind != "cpu" or kept_features.shape[1] * kept_units.shape[1] < SMALL_HEAD
    widths = FEW_WIDTHS if few else MANY_WIDTHS
    sizes = [_padded(kept.sum(axis=1), kept.shape[1], widths) for kept in (kept_features, kept_units)]
    pairs = np.stack(sizes, axis=1)
    for features, units in np.unique(pairs, axis=0).tolist():
        rows = np.flatnonzero((pairs == (features, units)).all(axis=1))
        most = max(1, STACK_BYTES // (4 * units * (features + classes)))
        for start in range(0, len(rows), most):
            yield _Group(tuple(rows[start : start + most].tolist()), features, units)


def _padded(counts: np.ndarray, whole: int, widths: int) -> np.ndarray:
    step = -(-whole // widths)
    return np.minimum(-(-counts // step) * step, whole)


@dataclass(frozen=True)
class _Data:
    """Training features (N, P) and labels one-hot (N, classes), validation features by chunks (P + 1, n), on a device.

    The last row of a chunk is zero: it is what padding reads.
    """

    train: Tensor
    one_hot: Tensor
    validation: list[Tensor]
    validation_labels: list[Tensor]

    @classmethod
    def of(cls, train: Features, validation: Features, device: torch.device) -> "_Data":
        labels = torch.from_numpy(train.labels).to(device)
        rows = VALIDATION_ROWS.get(device.type, 256)
        values = torch.from_numpy(validation.values).to(device)
        return cls(
            torch.from_numpy(train.values).to(device),
            torch.nn.functional.one_hot(labels, len(train.classes)).float(),
            [_with_zero_row(part) for part in values.split(rows)],
            list(torch.from_numpy(validation.labels).to(device).split(rows)),
        )


def _with_zero_row(values: Tensor) -> Tensor:
    """Return features (n, P) as (P + 1, n), the last row zero."""
    return torch.cat([values.T, values.new_zeros(1, len(values))])


class _Stack:
    """The weights of M heads, padded to F features and U units, and their velocities.

    `weights` are hidden (M, U, F), hidden bias (M, U, 1), output (M, C, U), output bias (M, C, 1). `places` (M, F) are
    the features that each head reads, P where it is padded; None where all heads read all of them.
    """

    def __init__(self, weights: list[Tensor], places: Tensor | None, kept: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.weights, self.places, self.kept = weights, places, kept
        self.velocities = [torch.zeros_like(one) for one in weights]
        self.best = [one.clone() for one in weights]

    @classmethod
    def of(
        cls, initial: InitialHead, features: np.ndarray, units: np.ndarray, group: _Group, device: torch.device
    ) -> "_Stack":
        count, classes = len(group.rows), len(initial.output)
        hidden = np.zeros((count, group.units, group.features), np.float32)
        output = np.zeros((count, classes, group.units), np.float32)
        places = np.full((count, group.features), features.shape[1])
        kept = [(np.flatnonzero(own), np.flatnonzero(rows)) for own, rows in zip(features, units, strict=True)]
        for row, (columns, rows) in enumerate(kept):
            hidden[row, : len(rows), : len(columns)] = initial.hidden[np.ix_(rows, columns)]
            output[row, :, : len(rows)] = initial.output[:, rows]
            places[row, : len(columns)] = columns
        biases = [np.zeros((count, size, 1), np.float32) for size in (group.units, classes)]
        arrays = (hidden, biases[0], output, biases[1])
        weights = [torch.from_numpy(array).to(device) for array in arrays]
        return cls(weights, None if features.all() else torch.from_numpy(places).to(device), kept)

    def inputs(self, columns: Tensor) -> Tensor:
        """Return what each head reads of features (P + 1, n): (M, F, n)."""
        count, _, width = self.weights[0].shape
        if self.places is None:
            return columns[:-1].expand(count, -1, -1)
        return columns.index_select(0, self.places.flatten()).view(count, width, -1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the hidden units (M, U, n) and the logits (M, C, n) for inputs (M, F, n)."""
        hidden, hidden_bias, output, output_bias = self.weights
        units = torch.baddbmm(hidden_bias, hidden, inputs).relu_()
        return units, torch.baddbmm(output_bias, output, units)

    def step(self, inputs: Tensor, one_hot: Tensor, rate: float, momentum: float) -> None:
        """Take one step of SGD with Nesterov's momentum, every head by its own mean cross-entropy.

        Padded features are zero and padded units have neither inputs nor outputs, so no gradient reaches them.
        """
        units, logits = self.forward(inputs)
        error = (logits.softmax(1) - one_hot) / inputs.shape[2]
        behind = torch.bmm(self.weights[2].transpose(1, 2), error).mul_(units > 0)
        gradients = (
            torch.bmm(behind, inputs.transpose(1, 2)),
            behind.sum(2, keepdim=True),
            torch.bmm(error, units.transpose(1, 2)),
            error.sum(2, keepdim=True),
        )
        for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
            velocity.mul_(momentum).add_(gradient)
            weight.add_(gradient.add_(velocity, alpha=momentum), alpha=-rate)

    def remember(self, rows: Tensor) -> None:
        """Keep the present weights of these heads (M,) bool as their best."""
        for best, weight in zip(self.best, self.weights, strict=True):
            best[rows] = weight[rows]

    def take(self, stays: Tensor) -> None:
        """Go on with these heads (M,) bool only."""
        self.weights, self.velocities, self.best = (
            [tensor[stays] for tensor in tensors] for tensors in (self.weights, self.velocities, self.best)
        )
        self.places = None if self.places is None else self.places[stays]
        self.kept = [own for own, stay in zip(self.kept, stays.tolist(), strict=True) if stay]

    def head(self, row: int, features: int, units: int) -> Head:
        """Return the best weights of one head without its padding, on the CPU."""
        own_features, own_units = self.kept[row]
        hidden, hidden_bias, output, output_bias = (tensor[row].cpu() for tensor in self.best)
        return Head(
            own_features,
            own_units,
            features,
            units,
            hidden[: len(own_units), : len(own_features)].clone(),
            hidden_bias[: len(own_units), 0].clone(),
            output[:, : len(own_units)].clone(),
            output_bias[:, 0].clone(),
        )


@torch.no_grad()
def _train_stack(stack: _Stack, data: _Data, recipe: HeadRecipe, seed: int, run: int) -> list[TrainedHead]:
    """Return the trained heads of a stack, in its order. A head that has stopped leaves the stack."""
    count = len(stack.kept)
    watch = _Watch(np.arange(count), recipe.criterion)
    watch.note(*_measured(stack, data), epoch=0)
    trained: dict[int, TrainedHead] = {}
    for epoch in range(1, recipe.epochs + 1):
        _run_epoch(stack, data, recipe, torch_stream(seed, "head order", run, epoch))
        better = watch.note(*_measured(stack, data), epoch=epoch)
        stack.remember(torch.from_numpy(better))
        stopping = watch.diverged | (epoch - watch.best_epoch >= recipe.patience) | (epoch == recipe.epochs)
        for place in np.flatnonzero(stopping).tolist():
            head = stack.head(place, data.train.shape[1], recipe.hidden)
            trained[watch.rows[place]] = watch.trained(place, head, epoch)
        if stopping.all():
            break
        if stopping.any():
            stack.take(torch.from_numpy(~stopping))
            watch.take(~stopping)
    return [trained[row] for row in range(count)]


def _run_epoch(stack: _Stack, data: _Data, recipe: HeadRecipe, generator: torch.Generator) -> None:
    size = min(recipe.batch_size, len(data.train))
    order = torch.randperm(len(data.train), generator=generator).to(data.train.device)
    for rows in order[: len(order) // size * size].split(size):
        inputs = stack.inputs(_with_zero_row(data.train[rows]))
        stack.step(inputs, data.one_hot[rows].T, recipe.learning_rate, recipe.momentum)


def _measured(stack: _Stack, data: _Data) -> tuple[np.ndarray, np.ndarray]:
    """Return each head's mean cross-entropy in nats and accuracy on the validation images, float64 (M,)."""
    loss = hits = torch.zeros((), dtype=torch.float64)
    for columns, labels in zip(data.validation, data.validation_labels, strict=True):
        _, logits = stack.forward(stack.inputs(columns))
        own = labels.expand(len(logits), 1, -1)
        loss = loss - logits.log_softmax(1).gather(1, own).double().sum((1, 2)).cpu()
        hits = hits + (logits.argmax(1) == labels).double().sum(1).cpu()
    count = sum(map(len, data.validation_labels))
    return (loss / count).numpy(), (hits / count).numpy()


class _Watch:
    """The best epoch so far of each head that is still trained, all arrays (M,); `rows` are their places at first."""

    def __init__(self, rows: np.ndarray, criterion: str) -> None:
        self.rows, self._by_loss = rows, criterion == "validation_loss"
        self.best_score, self.best_loss = np.full(len(rows), -np.inf), np.full(len(rows), np.nan)
        self.best_epoch, self.diverged = np.zeros(len(rows), np.int64), np.zeros(len(rows), bool)

    def note(self, loss: np.ndarray, accuracy: np.ndarray, epoch: int) -> np.ndarray:
        """Take in an epoch's validation loss and accuracy; return which heads are better than ever before."""
        self.diverged = ~np.isfinite(loss)
        score = np.where(self.diverged, -np.inf, -loss if self._by_loss else accuracy)
        better = score > self.best_score
        self.best_score[better], self.best_loss[better], self.best_epoch[better] = score[better], loss[better], epoch
        return better

    def trained(self, place: int, head: Head, epochs: int) -> TrainedHead:
        """Return a head of which this is the end."""
        return TrainedHead(
            head, int(self.best_epoch[place]), epochs, float(self.best_loss[place]), bool(self.diverged[place])
        )

    def take(self, stays: np.ndarray) -> None:
        """Go on with these heads (M,) bool only."""
        for name in ("rows", "best_score", "best_loss", "best_epoch", "diverged"):
            setattr(self, name, getattr(self, name)[stays])
