"""What a job gets from the Snakemake that runs it: its Python, the library of this checkout, and SLURM's warnings."""

import os
import signal
import sys
import threading
from pathlib import Path

import psutil


def set_search_paths(root: Path) -> None:
    """Put this Python's folder first on PATH and `root`/src first on PYTHONPATH; jobs inherit both.

    Neither an activated environment nor an installed library is then needed, and another checkout's is never used.
    """
    for name, folder in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", root / "src")):
        before = os.environ.get(name, "").split(os.pathsep)
        os.environ[name] = os.pathsep.join(
            [str(folder), *(entry for entry in before if entry and entry != str(folder))]
        )


def hand_on_warnings() -> None:
    """Send SIGTERM on to the running scripts when this process gets one; for the Snakemake inside a cluster's job.

    SLURM warns the first process of a job step only, where it keeps track of processes by cgroup. That is a Snakemake,
    which lets its job run to the end and tells it nothing. Snakemake keeps its own handler: Python reports the number
    of a signal through this pipe beside calling the handler.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def listen() -> None:
        while number := os.read(reader, 1):
            if number[0] == signal.SIGTERM:
                _warn_children()

    threading.Thread(target=listen, daemon=True, name="hand_on_warnings").start()


def _warn_children() -> None:
    """Send SIGTERM to all descendants, and SIGCONT as SLURM does, but not to an srun, whose step SLURM warns itself."""
    for child in psutil.Process().children(recursive=True):
        try:
            if child.name() != "srun":
                child.send_signal(signal.SIGTERM)
                child.send_signal(signal.SIGCONT)
        except psutil.NoSuchProcess:
            continue
