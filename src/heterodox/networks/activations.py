"""What happens inside a network, layer by layer, without keeping it: sums by class and distances, batch by batch.

The layers are the outputs of convolutions and of activation functions, as the class means of introspectability want
them. A module that stands for several equal layers says so in its attribute `copies`, one whose channels are those of
several layers side by side in its attribute `parts`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.metrics.introspectability import cosine_distances, gram

KINDS: dict[str, tuple[type[nn.Module], ...]] = {
    "convolutions": (nn.Conv1d, nn.Conv2d),
    "activations": (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Sigmoid, nn.Tanh),
}
LAYERS = tuple(KINDS)
Use = Callable[[str, nn.Module, Tensor], None]


def layers_of(network: nn.Module, kinds: Sequence[str] = LAYERS) -> dict[str, nn.Module]:
    """Return the layers of these kinds (`convolutions`, `activations`) by name; UserError where there are none."""
    for kind in kinds:
        if kind not in KINDS:
            raise UserError(f"layers: '{kind}' is unknown; possible are {', '.join(KINDS)}")
    types = tuple(layer for kind in kinds for layer in KINDS[kind])
    found = {name: module for name, module in network.named_modules() if isinstance(module, types)}
    if not found:
        raise UserError(f"layers: the network has no {' or '.join(kinds) or 'kinds named'}; name others")
    return found


def copies_of(layer: nn.Module) -> int:
    """Return for how many equal layers this one stands."""
    return int(getattr(layer, "copies", 1))


def parts_of(layer: nn.Module) -> int:
    """Return the outputs of how many layers, equally large, this one's channels are."""
    return int(getattr(layer, "parts", 1))


def full_precision() -> Any:
    """Return a context in which a GPU's float32 convolutions are not cut to TF32, so that distances are exact."""
    return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)


@contextmanager
def watched(network: nn.Module, kinds: Sequence[str], use: Use) -> Iterator[None]:
    """Let `use(name, layer, output)` see every output of the layers of these kinds while it is there."""

    def hook(name: str, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        use(name, module, output)

    with ExitStack() as stack:
        for name, module in layers_of(network, kinds).items():
            stack.callback(module.register_forward_hook(partial(hook, name)).remove)
        yield


@dataclass(frozen=True)
class ClassMeans:
    """Mean activations by class: for each layer float64 (C, units), NaN for a class without images.

    `copies` says for how many equal layers each stands, `parts` of how many layers side by side it is, `counts` (C,)
    how many images each class had, `labels` (N,) the class of every image.
    """

    layers: dict[str, np.ndarray]
    copies: dict[str, int]
    parts: dict[str, int]
    counts: np.ndarray
    labels: np.ndarray

    def separate(self) -> list[tuple[str, np.ndarray]]:
        """Return the class means of every single layer that a module stands for, with the module's name."""
        return [
            (name, part)
            for name, values in self.layers.items()
            for part in np.split(values, self.parts[name], axis=1)  # units are numbered channel by channel
            for _ in range(self.copies[name])
        ]

    def gram(self) -> np.ndarray:
        """Return the inner products (C, C) of the class means over all layers."""
        return gram(list(self.layers.values()), list(self.copies.values()))

    def distances(self) -> np.ndarray:
        """Return the cosine distances (C, C) between class means, NaN for a class without images."""
        return cosine_distances(self.gram())


@torch.no_grad()
def units_of(network: nn.Module, image: Tensor, kinds: Sequence[str] = LAYERS) -> int:
    """Return how many activations the layers of these kinds have for one normalised image (1, channels, H, W)."""
    network.eval()
    sizes: list[int] = []
    with watched(network, kinds, lambda name, layer, output: sizes.append(output.numel())):
        network(image)
    return sum(sizes)


@torch.no_grad()
def class_means(
    network: nn.Module,
    batches: Iterable[Tensor],
    labelings: Sequence[Tensor | None],
    classes: int,
    kinds: Sequence[str] = LAYERS,
) -> list[ClassMeans]:
    """Return the class means of the images for each labeling, int64 (N,); None stands for the network's predictions.

    `batches` are normalised images (n, channels, H, W) in the order of the labels. Batch norm is in eval mode. Sums are
    float64 and added batch by batch: memory holds the activations of one batch, and classes x units per labeling.
    """
    network.eval()
    outputs: list[tuple[str, Tensor]] = []
    sums: list[dict[str, Tensor]] = [{} for _ in labelings]
    seen: list[list[Tensor]] = [[] for _ in labelings]
    start = stop = 0
    with watched(network, kinds, lambda name, layer, output: outputs.append((name, output))), full_precision():
        for batch in batches:
            outputs.clear()
            predictions = network(batch).argmax(1)
            start, stop = stop, stop + len(batch)
            for labels, own in zip(labelings, seen, strict=True):
                own.append(predictions if labels is None else labels[start:stop].to(predictions.device))
            for name, output in outputs:
                values = output.flatten(1).double()
                for own, total in zip(seen, sums, strict=True):
                    if name not in total:
                        total[name] = values.new_zeros(classes, values.shape[1])
                    _add_rows(total[name], own[-1], values)
    layers = layers_of(network, kinds)
    return [_means(total, layers, torch.cat(own).cpu(), classes) for own, total in zip(seen, sums, strict=True)]


def _add_rows(total: Tensor, labels: Tensor, values: Tensor) -> None:
    """Add each row of `values` (n, units) to the row of `total` (C, units) that its label names."""
    if values.device.type == "cpu":
        total.index_add_(0, labels, values)
    else:  # index_add_ adds in any order on a GPU; a product does not
        total += nn.functional.one_hot(labels, len(total)).to(values.dtype).T @ values


def _means(total: dict[str, Tensor], layers: dict[str, nn.Module], labels: Tensor, classes: int) -> ClassMeans:
    counts = torch.bincount(labels, minlength=classes).numpy()
    divisors = np.where(counts > 0, counts, np.nan)[:, None]
    return ClassMeans(
        {name: values.cpu().numpy() / divisors for name, values in total.items()},
        {name: copies_of(layers[name]) for name in total},
        {name: parts_of(layers[name]) for name in total},
        counts,
        labels.numpy(),
    )


@torch.no_grad()
def distances_to_class_means(
    network: nn.Module, batches: Iterable[Tensor], means: ClassMeans, kinds: Sequence[str] = LAYERS
) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's cosine distance to every class mean, float64 (N, C), 0..2, and its logits (N, C).

    `batches` are normalised images in order. NaN for a class whose mean is unknown.
    """
    network.eval()
    parts: list[Tensor] = []  # per layer (n, C + 1): products with each class mean, and with the image itself

    def add(name: str, layer: nn.Module, output: Tensor) -> None:
        values = output.flatten(1).double()
        products = values @ torch.from_numpy(means.layers[name]).to(values.device).T
        parts.append(copies_of(layer) * torch.cat([products, values.square().sum(1, keepdim=True)], 1))

    lengths = np.sqrt(np.diagonal(means.gram()))
    distances: list[np.ndarray] = []
    logits: list[np.ndarray] = []
    with watched(network, kinds, add), full_precision():
        for batch in batches:
            parts.clear()
            logits.append(network(batch).float().cpu().numpy())
            found = torch.stack(parts).sum(0).cpu().numpy()
            scale = np.sqrt(found[:, -1:]) * lengths
            cosines = np.divide(found[:, :-1], scale, out=np.zeros(scale.shape), where=scale != 0)
            distances.append(np.clip(1.0 - cosines, 0.0, 2.0))
    return np.concatenate(distances), np.concatenate(logits)
