"""SIGTERM as a warning: a cluster sends it some time before it takes the node away or the time limit is reached.

Work that keeps a state file runs inside `deferred()`, looks at `requested()` between two batches, writes its state and
calls `leave`. All other work ends at SIGTERM as any program does: it has nothing to save.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

EXIT_STATUS = 128 + signal.SIGTERM  # what a shell reports for a program that SIGTERM ended
_warned = False


def _note(number: int, frame: FrameType | None) -> None:
    global _warned
    _warned = True
    log.warning("process %d received SIGTERM: writes its state and leaves", os.getpid())


@contextmanager
def deferred() -> Iterator[None]:
    """Let SIGTERM wait inside this block until `requested` is looked at; before and after, it ends the process.

    Blocks may lie within one another, as a training does within a search: a warning lasts until the outermost ends.
    Python delivers signals to the main thread only, so in another thread the block changes nothing.
    """
    global _warned
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if before is not _note:
            _warned = False


def requested() -> bool:
    """Say whether SIGTERM has arrived since `deferred` began."""
    return _warned


def leave(state: Path) -> NoReturn:
    """End the process with exit status 143, after its state was written to `state`."""
    log.warning("%s: written; the next attempt goes on from here", state)
    raise SystemExit(EXIT_STATUS)
