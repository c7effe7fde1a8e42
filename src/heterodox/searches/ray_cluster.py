"""Ray across the nodes of a SLURM job: `srun` starts `ray start` on each, then one command runs beside the head.

Ray's own `ray symmetric-run` does not serve: it wants a port that nobody else uses, refuses a node with another job's
Ray, ends with `ray stop`, which kills every Ray of the user on that node, and does not hand on SIGTERM.
"""

import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from heterodox.errors import UserError
from heterodox.searches import ray_node

log = logging.getLogger(__name__)

STARTED = "Ray runtime started."  # what `ray start` says as soon as the head knows the node
ADDRESS = re.compile(r"ray start --address='([^']+)'")  # where the head says that others can join it
ENDING_SECONDS = 20.0
# What names the allocation. All other SLURM variables describe the surrounding step; srun would take them as options.
ALLOCATION = {"SLURM_JOB_ID", "SLURM_CONF", "SLURM_CLUSTERS"}
# Whoever reaches the head's port can run code as this user, hence the token; one per call, so that jobs cannot mix.
# After the command has ended there is nothing to wait for, hence no draining.
RAY = {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0", "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0"}


class Step:
    """The `srun` that holds Ray on one node, and what both say."""

    def __init__(self, node: str, role: list[str], environment: dict[str, str]) -> None:
        self.node = node
        self.output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the step
        place = ["--overlap", "--nodes=1", "--ntasks=1", f"--nodelist={node}", "--cpu-bind=none"]
        # A session of its own: at a SIGTERM for the launcher's process group srun would kill the step.
        self.process = subprocess.Popen(
            ["srun", *place, sys.executable, "-u", "-m", ray_node.__name__, *role],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self) -> str:
        """Return all output so far, without moving the position that srun writes to."""
        return os.pread(self.output.fileno(), 1 << 20, 0).decode(errors="replace")

    def has_started(self) -> bool:
        """Say whether this node's Ray has joined; UserError where it ended instead."""
        if self.process.poll() is not None:
            self.fail(f"ended with status {self.process.returncode} instead of joining")
        return STARTED in self.said()

    def address(self) -> str:
        """Return where the others, and the command, find a head that has started."""
        return ADDRESS.findall(self.said())[0]

    def fail(self, fault: str) -> NoReturn:
        """Raise a UserError that names the node; all that it said goes to the log."""
        log.error("node %s said:\n%s", self.node, self.said())
        raise UserError(
            f"Ray on node {self.node} {fault}; its output stands above, `scontrol show node` tells its state"
        )

    def was_warned(self) -> bool:
        """Say whether SLURM has sent SIGTERM to this step."""
        return ray_node.WARNED in self.said()

    def request_end(self) -> None:
        """Close the input that Ray lives by."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def await_end(self) -> None:
        """Return when the step has ended; one that does not is left to SLURM, which ends it with the job."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_SECONDS)
        self.process.kill()
        self.output.close()


def output_of(*command: str) -> str:
    """Return what a SLURM command prints; UserError where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{' '.join(command)}: {done.stderr.strip() or 'failed'}; is SLURM within reach of the job?")
    return done.stdout.strip()


def nodes_of_job() -> list[str]:
    """Return the nodes of this process's SLURM job, the one it runs on first.

    The controller is asked, because inside a step SLURM_JOB_NODELIST may hold the step's nodes only.
    """
    nodes = output_of("squeue", "--noheader", "--format=%N", f"--jobs={os.environ['SLURM_JOB_ID']}")
    here = os.environ["SLURMD_NODENAME"]
    return [here, *(node for node in output_of("scontrol", "show", "hostnames", nodes).split() if node != here)]


def reachable_address(nodes: list[str]) -> list[str]:
    """Return the option with this machine's address on the network of the other nodes, where their names are known.

    Ray by itself takes the address of the route to the internet.
    """
    with suppress(OSError, IndexError), socket.socket(type=socket.SOCK_DGRAM) as route:
        route.connect((nodes[1], 9))  # sends nothing
        return [f"--node-ip-address={route.getsockname()[0]}"]
    return []


def wait_until_started(steps: list[Step], seconds: float) -> None:
    """Return when Ray has started on every node; UserError that names one where it has not after so many seconds."""
    deadline = time.monotonic() + seconds
    while missing := [step for step in steps if not step.has_started()]:
        if time.monotonic() > deadline:
            missing[0].fail(f"did not join within {seconds:.0f} s")
        time.sleep(0.2)


@contextmanager
def ray_on(
    nodes: list[str], object_store_bytes: int, seconds: float, environment: dict[str, str]
) -> Iterator[list[Step]]:
    """Yield the steps of a Ray that all nodes have joined, the head first; end it afterwards."""
    steps: list[Step] = []

    def start(node: str, *role: str) -> Step:
        steps.append(
            Step(node, [*role, f"--node-name={node}", f"--object-store-memory={object_store_bytes}"], environment)
        )
        return steps[-1]

    try:
        head = start(nodes[0], "--head", *reachable_address(nodes))
        wait_until_started([head], seconds)
        wait_until_started([start(node, f"--address={head.address()}") for node in nodes[1:]], seconds)
        log.info("Ray at %s on %s", head.address(), ", ".join(nodes))
        yield steps
        for step in steps:
            if step.process.poll() is not None:
                log.warning("Ray on node %s ended before the command did; it said:\n%s", step.node, step.said())
    finally:
        for step in steps:
            step.request_end()
        for step in steps:
            step.await_end()


def status_of(command: list[str], environment: dict[str, str], steps: list[Step]) -> int:
    """Run the command and return its exit status, 128 + N after signal N.

    SIGTERM is handed on to it, whether it comes to this process or to a step: many clusters signal the first process of
    every step only, and that may be a Snakemake which keeps the warning to itself.
    """
    received = threading.Event()
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda number, frame: received.set())
    while process.poll() is None and not received.is_set() and not any(step.was_warned() for step in steps):
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
    process.terminate()  # nothing happens where it has ended
    status = process.wait()
    return status if status >= 0 else 128 - status


def run(command: list[str], object_store_bytes: int, seconds: float) -> int:
    """Run a command that finds Ray with `ray.init()`, and return its exit status.

    Inside a SLURM job Ray spans all nodes of the job, with the CPUs and GPUs granted on each, and ends with the
    command. Elsewhere this process becomes the command, and `ray.init()` starts Ray on this machine.

    object_store_bytes: shared memory per node for arguments and results; part of the job's memory.
    seconds: how long the nodes may take to join; UserError that names one that did not.
    """
    if not command:
        raise UserError("no command: write it behind `--`")
    if "SLURM_JOB_ID" not in os.environ:
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # ends Ray on the way out
    ray = RAY | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
    allocation = {
        name: value for name, value in os.environ.items() if name in ALLOCATION or not name.startswith("SLURM_")
    }
    with ray_on(nodes_of_job(), object_store_bytes, seconds, allocation | ray) as steps:
        return status_of(command, os.environ | ray | {"RAY_ADDRESS": steps[0].address()}, steps)
