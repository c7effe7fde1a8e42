"""Similarity of representations: centred kernel alignment (CKA) of all pairs of layers, gathered batch by batch.

Resilience study, Eq. 6; minibatch form after Nguyen et al., "Do wide and deep networks learn the same things?" (2021).
Both estimates of the Hilbert-Schmidt independence criterion (HSIC) are inner products of Gram matrices that were
centred beforehand: H K H for the biased one, and for the unbiased one of Song et al. (2012) the U-centred matrix of
Székely and Rizzo (2014). So every layer is centred once per batch, and one matrix product gives all pairs.
"""

import numpy as np

from heterodox.errors import UserError

SMALLEST_BATCH = 4  # the unbiased estimate divides by n - 3
CONSTANT = 1e-12  # of its Gram matrix's squared norm: a layer whose HSIC with itself is no larger is constant


def centred(grams: np.ndarray, unbiased: bool = True) -> np.ndarray:
    """Return Gram matrices (..., n, n) with every row and column summing to 0, float64; if `unbiased`, U-centred.

    The inner product of two of them is n (n - 3) times the unbiased, (n - 1)^2 times the biased HSIC. U-centred
    matrices have a zero diagonal, which is left out of all means: an image's likeness to itself says nothing. Raises
    UserError below four images.
    """
    n = grams.shape[-1]
    if n < SMALLEST_BATCH:
        raise UserError(f"batch_size: CKA over batches of {n} images is not defined; use {SMALLEST_BATCH} or more")
    result = np.array(grams, np.float64)
    diagonal = np.arange(n)
    if unbiased:
        result[..., diagonal, diagonal] = 0
    rows = result.sum(axis=-1) / (n - 2 if unbiased else n)
    total = rows.sum(axis=-1) / (n - 1 if unbiased else n)
    result += total[..., None, None] - rows[..., :, None] - rows[..., None, :]
    if unbiased:
        result[..., diagonal, diagonal] = 0
    return result


class MinibatchCKA:
    """CKA of every layer of one network with every layer of another; memory as for one batch, whatever their number.

    CKA = mean_b HSIC(K, L) / sqrt(mean_b HSIC(K, K) mean_b HSIC(L, L)) over equal batches b. Eq. 6 with the biased
    HSIC depends on the batch's size: independent features of 10,000 dimensions reach 0.99 at 64 images.
    """

    def __init__(self, unbiased: bool = True) -> None:
        self.unbiased = unbiased
        self.batches = 0
        self._size = 0
        self._cross = np.zeros(())
        self._own = [np.zeros(()), np.zeros(())]
        self._norms = [np.zeros(()), np.zeros(())]

    def update(self, first: np.ndarray, second: np.ndarray) -> None:
        """Add a batch: finite Gram matrices (a, n, n) and (b, n, n) over the same n images, n as in all batches.

        Of features that were centred first: next to a large common value a layer's differences count as none.
        """
        size = first.shape[-1]
        if self.batches and size != self._size:
            raise ValueError(f"batches must be equal: {size} images after {self._size}")
        self._size = size
        matrices = [centred(grams, self.unbiased) for grams in (first, second)]
        flat = [matrix.reshape(len(matrix), -1) for matrix in matrices]
        self._cross = self._cross + flat[0] @ flat[1].T  # sums serve as means: what both sides share cancels
        for side, (grams, matrix) in enumerate(zip((first, second), matrices, strict=True)):
            self._own[side] = self._own[side] + _squared_norms(matrix)
            self._norms[side] = self._norms[side] + _squared_norms(grams)
        self.batches += 1

    def value(self) -> np.ndarray:
        """Return the CKA (a, b), up to 1 = alike but for rotation and scale; higher = more similar.

        Values may lie slightly below 0 where layers are independent. A layer that is constant over the images of every
        batch gives 0, never NaN. Raises ValueError before the first batch.
        """
        if not self.batches:
            raise ValueError("no batch was added")
        roots = [_root_of_varying(*terms) for terms in zip(self._own, self._norms, strict=True)]
        scale = roots[0][:, None] * roots[1][None]
        return np.divide(self._cross, scale, out=np.zeros_like(scale), where=scale > 0)


def _squared_norms(matrices: np.ndarray) -> np.ndarray:
    return np.einsum("lij,lij->l", matrices, matrices, dtype=np.float64)


def _root_of_varying(own: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Return the root of each layer's HSIC with itself, 0 for a constant layer."""
    return np.where(own > CONSTANT * norms, np.sqrt(own), 0.0)
