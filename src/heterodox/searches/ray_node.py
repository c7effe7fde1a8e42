"""One node's part of Ray: `ray start` with what SLURM granted here, until standard input ends.

SLURM sends SIGTERM to every step of a job as a warning. The search needs Ray until it has written its state, so this
process only tells the launcher, and ends Ray when its standard input ends: when the launcher closes it, or is gone.
"""

import ctypes
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

WARNED = "SIGTERM reached the step that holds Ray"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Let the kernel end this process when its parent dies; `ray start` hands the same on to its own children."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def client_server() -> list[str]:
    """Return the option that gives Ray's client server, which runs where gRPC is installed, a free port of its own."""
    if importlib.util.find_spec("grpc") is None:
        return []
    with socket.socket() as free:
        free.bind(("", 0))
        return [f"--ray-client-server-port={free.getsockname()[1]}"]


def ray_start(folder: str, role: list[str]) -> list[str]:
    """Return the command; a port of 0 lets Ray bind any free one, so that jobs share a node in peace.

    Ray opens `folder` to everybody, so it should lie in a private one.
    """
    ray = Path(sys.executable).with_name("ray")
    granted = [
        f"--num-cpus={os.environ['SLURM_CPUS_ON_NODE']}",
        f"--num-gpus={os.environ.get('SLURM_GPUS_ON_NODE', 0)}",
    ]
    if "--head" in role:
        role = [*role, "--port=0", "--include-dashboard=false", *client_server()]
    return [str(ray), "start", "--block", f"--temp-dir={folder}", "--dashboard-agent-listen-port=0", *granted, *role]


def end_with_input(process: subprocess.Popen[bytes]) -> None:
    """Terminate the process at the end of standard input."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    process.terminate()


def main() -> int:
    """Hold Ray on this node; returns its exit status."""
    signal.signal(signal.SIGTERM, lambda number, frame: print(WARNED))
    # Short, because a socket's path has at most 107 characters and Ray adds some seventy; so not in TMPDIR.
    where = os.environ.get("RAY_TMPDIR", "/tmp")
    with tempfile.TemporaryDirectory(prefix="ray-", dir=where, ignore_cleanup_errors=True) as private:
        # A session of its own: SLURM's warning goes to a whole process group.
        process = subprocess.Popen(
            ray_start(f"{private}/r", sys.argv[1:]),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=end_with_input, args=[process], daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
