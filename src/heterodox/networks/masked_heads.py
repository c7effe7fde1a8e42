"""Heads on frozen features behind a mask: features -> hidden units, ReLU -> classes.

A mask is a row of genes. Which genes there are says its scope: `features`, one per feature; `units`, one per hidden
unit; `both`, the features' first, then the units'. A gene that is off cuts every link of its feature or unit.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from heterodox.errors import UserError
from heterodox.streams import stream

SCOPES = ("features", "units", "both")


def gene_count(scope: str, features: int, hidden: int) -> int:
    """Return how many genes a mask of this scope has; UserError for an unknown scope."""
    counts = {"features": features, "units": hidden, "both": features + hidden}
    if scope not in counts:
        raise UserError(f"scope {scope}: is unknown; there are {', '.join(SCOPES)}")
    return counts[scope]


def split_genes(masks: np.ndarray, scope: str, features: int, hidden: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the features (M, P) and the hidden units (M, H) that masks (M, genes) keep; what has no genes is kept.

    ValueError for masks of another length, and for one that keeps no feature or no unit: it has to be repaired first.
    """
    masks = np.asarray(masks, bool)
    genes = gene_count(scope, features, hidden)
    if masks.ndim != 2 or masks.shape[1] != genes:
        raise ValueError(f"masks of shape {masks.shape}: scope {scope} has {genes} genes")
    whole = np.ones((len(masks), features + hidden), bool)
    start = features if scope == "units" else 0
    whole[:, start : start + genes] = masks
    kept_features, kept_units = whole[:, :features], whole[:, features:]
    if not (kept_features.any(axis=1) & kept_units.any(axis=1)).all():
        raise ValueError("a mask keeps no feature or no unit; repair it first")
    return kept_features, kept_units


@dataclass(frozen=True)
class InitialHead:
    """The weights from which every head of a run starts, whole: a mask takes its rows and columns of them.

    `hidden` float32 (H, P) and `output` (classes, H) are Glorot-uniform, biases are zero.
    """

    hidden: np.ndarray
    output: np.ndarray


def initial_head(features: int, hidden: int, classes: int, seed: int, run: int = 1) -> InitialHead:
    """Return the initial weights of a run: a function of seed, run and the three sizes.

    The weights of a gene are those at its position, whatever mask it stands in and whatever is trained beside it.
    """
    return InitialHead(
        _glorot(hidden, features, stream(seed, "head weights", "hidden", run)),
        _glorot(classes, hidden, stream(seed, "head weights", "output", run)),
    )


def _glorot(outputs: int, inputs: int, draw: np.random.Generator) -> np.ndarray:
    limit = sqrt(6 / (inputs + outputs))
    return draw.uniform(-limit, limit, (outputs, inputs)).astype(np.float32)


@dataclass(frozen=True)
class Head:
    """A trained head without what its mask cuts: rows and columns of pruned features and units are gone.

    `features` (p,) and `units` (h,) are the places kept, of `of_features` P and `of_units` H. `hidden_weight` (h, p),
    `hidden_bias` (h,), `output_weight` (classes, h) and `output_bias` (classes,) are float32 on the CPU.
    """

    features: np.ndarray
    units: np.ndarray
    of_features: int
    of_units: int
    hidden_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor

    @torch.no_grad()
    def logits(self, features: Tensor | np.ndarray) -> np.ndarray:
        """Return logits float32 (n, classes) of the backbone's features (n, P), all of them."""
        kept = torch.as_tensor(features)[:, torch.from_numpy(self.features)]
        hidden = relu(torch.addmm(self.hidden_bias, kept, self.hidden_weight.T))
        return torch.addmm(self.output_bias, hidden, self.output_weight.T).numpy()

    @property
    def parameters(self) -> int:
        """Return the number of parameters left."""
        tensors = (self.hidden_weight, self.hidden_bias, self.output_weight, self.output_bias)
        return sum(tensor.numel() for tensor in tensors)

    def module(self) -> "SmallHead":
        """Return the head as a network of its own that takes all P features."""
        classes = len(self.output_bias)
        small = SmallHead(len(self.features), len(self.units), classes)
        small.load_state_dict(
            {
                "kept": torch.from_numpy(self.features.astype(np.int64)),
                "hidden.weight": self.hidden_weight,
                "hidden.bias": self.hidden_bias,
                "output.weight": self.output_weight,
                "output.bias": self.output_bias,
            }
        )
        return small

    def masked(self) -> "MaskedHead":
        """Return the head as it was before rows and columns were taken out: whole weights, zero where cut."""
        classes, hidden, features = len(self.output_bias), self.of_units, self.of_features
        nothing = InitialHead(np.zeros((hidden, features), np.float32), np.zeros((classes, hidden), np.float32))
        kept = (np.isin(np.arange(features), self.features), np.isin(np.arange(hidden), self.units))
        whole = MaskedHead(nothing, *kept)
        with torch.no_grad():
            whole.hidden.weight[np.ix_(self.units, self.features)] = self.hidden_weight
            whole.hidden.bias[self.units] = self.hidden_bias
            whole.output.weight[:, self.units] = self.output_weight
            whole.output.bias.copy_(self.output_bias)
        return whole


class SmallHead(nn.Module):
    """A head of `kept_features` and `units`: takes the features at `kept` out of all, then two linear layers."""

    kept: Tensor

    def __init__(self, kept_features: int, units: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("kept", torch.arange(kept_features))
        self.hidden = nn.Linear(kept_features, units)
        self.output = nn.Linear(units, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n, classes) of features (n, P)."""
        return self.output(relu(self.hidden(features[:, self.kept])))


class MaskedHead(nn.Module):
    """A head of full size whose cut links are exactly zero, and stay so: no gradient reaches them.

    The plain definition that training in one batch has to agree with; `kept_features` (P,) and `kept_units` (H,).
    """

    kept_features: Tensor
    kept_units: Tensor

    def __init__(self, initial: InitialHead, kept_features: np.ndarray, kept_units: np.ndarray) -> None:
        super().__init__()
        (hidden, features), classes = initial.hidden.shape, len(initial.output)
        self.register_buffer("kept_features", torch.from_numpy(np.asarray(kept_features, np.float32)))
        self.register_buffer("kept_units", torch.from_numpy(np.asarray(kept_units, np.float32)))
        self.hidden, self.output = nn.Linear(features, hidden), nn.Linear(hidden, classes)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.from_numpy(initial.hidden))
            self.hidden.weight.mul_(self.kept_features).mul_(self.kept_units[:, None])
            self.output.weight.copy_(torch.from_numpy(initial.output)).mul_(self.kept_units)
            self.hidden.bias.zero_()
            self.output.bias.zero_()

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n, classes) of features (n, P)."""
        return self.output(relu(self.hidden(features * self.kept_features)) * self.kept_units)
