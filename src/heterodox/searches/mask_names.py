"""Masks as text: the number of genes, then their bits in hexadecimal, the first gene highest."""

import numpy as np


def mask_name(mask: np.ndarray) -> str:
    """Return the name of a mask (genes,)."""
    return f"{len(mask)}:{np.packbits(np.asarray(mask, bool)).tobytes().hex()}"


def named_mask(name: str) -> np.ndarray:
    """Return the mask (genes,) bool that has this name."""
    genes, _, bits = name.partition(":")
    return np.unpackbits(np.frombuffer(bytes.fromhex(bits), np.uint8), count=int(genes)).astype(bool)
