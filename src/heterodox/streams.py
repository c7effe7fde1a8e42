"""Named random generators. A draw depends on what is drawn, never on when, where or in which order."""

import hashlib
import json
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def _digest(seed: int, purpose: str, keys: tuple[str | int, ...]) -> bytes:
    # JSON keeps ("a", 1) apart from ("a", "1") and ("a1",); NumPy integers are not JSON, so they are cast, and a float
    # is refused rather than cut to the integer whose stream it would share.
    plain = [key if isinstance(key, str) else operator.index(key) for key in keys]
    text = json.dumps([operator.index(seed), purpose, *plain], separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def stream(seed: int, purpose: str, *keys: str | int) -> np.random.Generator:
    """Return the counter-based generator (Philox) that belongs to these names.

    The same names give the same numbers in every process; other names give independent ones.
    Keys are compared by value and type: `1` and `"1"` are two streams.
    """
    key = int.from_bytes(_digest(seed, purpose, keys), "little")
    return np.random.Generator(np.random.Philox(key=key))


def torch_stream(seed: int, purpose: str, *keys: str | int) -> "torch.Generator":
    """Return the CPU torch generator that belongs to these names; draw on the CPU, then move to the device."""
    import torch  # kept local: scoring, tables and figures draw numbers without paying for torch

    generator = torch.Generator(device="cpu")
    generator.manual_seed(int.from_bytes(_digest(seed, purpose, keys)[:8], "little") >> 1)
    return generator


@contextmanager
def torch_draws_from(generator: "torch.Generator", device: "torch.device | None" = None) -> Iterator[None]:
    """Let what draws from torch's global generators inside, such as layers being built or dropout, draw from this one.

    The generators of the CPU and, where `device` is a GPU, of that GPU start as `generator` did; afterwards they go
    on as if nothing had been drawn.
    """
    import torch

    with torch.random.fork_rng([device] if device is not None and device.type == "cuda" else []):
        torch.manual_seed(generator.initial_seed())
        yield
