"""Where a training stands, on disk, so that a killed job goes on instead of starting again."""

import logging
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from heterodox.storage.atomic import atomic_path, partials

log = logging.getLogger(__name__)


@dataclass
class StateFile:
    """The state of one training at `path`; `fingerprint` names the configuration, code and data it belongs to.

    It is written at most every `seconds`, between two batches, and removed once the result is stored: what is left
    in the folder is unfinished work. A state with another fingerprint is ignored and in the end overwritten.
    """

    path: Path
    fingerprint: str
    seconds: float = 30.0
    _written: float = field(default_factory=time.monotonic)

    def read(self) -> dict[str, Any] | None:
        """Return the stored values, or None where there are none for this fingerprint."""
        if not self.path.is_file():
            return None
        try:
            stored = torch.load(self.path, map_location="cpu", weights_only=True)
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError):  # torch reports damage in all these ways
            log.warning("%s: damaged, training starts from the beginning", self.path)
            return None
        if stored.get("fingerprint") != self.fingerprint:
            log.info("%s: belongs to another configuration, training starts from the beginning", self.path)
            return None
        return stored["values"]

    def due(self) -> bool:
        """Say whether `seconds` have passed since the last write."""
        return time.monotonic() - self._written >= self.seconds

    def write(self, values: dict[str, Any]) -> None:
        """Store tensors and plain values, whole or not at all."""
        with atomic_path(self.path) as partial:
            torch.save({"fingerprint": self.fingerprint, "values": values}, partial)
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the state, and what killed processes left of writing it; the result is stored."""
        for path in (self.path, *partials(self.path)):
            path.unlink(missing_ok=True)
