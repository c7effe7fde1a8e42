"""What a searched mask is compared with: the whole head, masks by chance, and masks by the size of trained weights."""

from collections.abc import Sequence

import numpy as np

from heterodox.networks.masked_heads import Head, gene_count
from heterodox.streams import stream


def whole_mask(scope: str, features: int, hidden: int) -> np.ndarray:
    """Return the mask (1, genes) bool that cuts nothing: its head is the unpruned network."""
    return np.ones((1, gene_count(scope, features, hidden)), bool)


def random_masks(genes: int, shares: Sequence[float], seed: int, run: int = 1) -> np.ndarray:
    """Return masks (n, genes) bool that keep these shares of the genes, each set of that size equally likely.

    A share in 0..1 becomes a whole number of genes, one at least. Mask i is keyed by seed, run, its size and i.
    """
    masks = np.zeros((len(shares), genes), bool)
    for place, share in enumerate(shares):
        kept = _kept(share, genes)
        masks[place, stream(seed, "random mask", run, kept, place).permutation(genes)[:kept]] = True
    return masks


def magnitude_masks(unpruned: Head, shares: Sequence[float], scope: str = "features") -> np.ndarray:
    """Return masks (n, genes) bool that keep these shares of the genes: those with the largest trained weights.

    `unpruned` is the trained head of the whole mask. A feature counts by the L2 norm of its links to the hidden units,
    a unit by that of its links to features times that of its links to classes, how far it can move the logits.
    With scope `both` each kind keeps the share. Of equal norms the first gene stays. ValueError for a pruned head.
    """
    hidden, output = unpruned.hidden_weight.double().numpy(), unpruned.output_weight.double().numpy()
    if hidden.shape != (unpruned.of_units, unpruned.of_features):
        raise ValueError("magnitudes are those of the whole head; train the mask that cuts nothing")
    of_features = np.linalg.norm(hidden, axis=0)
    of_units = np.linalg.norm(hidden, axis=1) * np.linalg.norm(output, axis=0)
    kinds = {"features": [of_features], "units": [of_units], "both": [of_features, of_units]}[scope]
    return np.array([np.concatenate([_largest(norms, share) for norms in kinds]) for share in shares])


def _largest(norms: np.ndarray, share: float) -> np.ndarray:
    kept = np.zeros(len(norms), bool)
    kept[np.argsort(-norms, kind="stable")[: _kept(share, len(norms))]] = True
    return kept


def _kept(share: float, genes: int) -> int:
    return min(genes, max(1, round(share * genes)))
