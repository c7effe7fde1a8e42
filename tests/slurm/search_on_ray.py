"""Stands in for a search: evaluates on every node of Ray and reports what it met. Exit status 7 tells it from others.

`REPORT once` loses a worker on the way, `REPORT until_sigterm` goes on until SLURM warns and evaluates once more then,
`REPORT deaf` never ends by itself.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import ray

from heterodox import preemption


@ray.remote(num_cpus=1, max_retries=3, scheduling_strategy="SPREAD")
def evaluate(victim: Path | None, seconds: float) -> str:
    """Return the node it ran on; the first to find that `victim` is missing is killed with its process."""
    if victim is not None and not victim.exists():
        victim.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(seconds)
    return os.environ["SLURMD_NODENAME"]


def evaluations(victim: Path | None = None, seconds: float = 0.5) -> list[str]:
    """Return on which nodes two evaluations per CPU ran."""
    count = int(2 * ray.cluster_resources()["CPU"])
    return ray.get([evaluate.remote(victim, seconds) for _ in range(count)])


def nodes() -> dict[str, dict[str, float]]:
    """Return CPUs and GPUs of every node that Ray knows."""
    return {node["NodeName"]: {kind: node["Resources"].get(kind, 0) for kind in ("CPU", "GPU")} for node in ray.nodes()}


def main(report: Path, mode: str) -> None:
    """Run one of the three searches."""
    ray.init(log_to_driver=False)  # before `deferred`: it takes SIGTERM for itself
    answer = {"address": os.environ["RAY_ADDRESS"], "nodes": nodes()}
    victim = report.with_suffix(".victim") if mode == "once" else None
    with preemption.deferred():
        answer["evaluated_on"] = evaluations(victim)
        report.with_suffix(".ready").touch()
        while mode == "deaf" or (mode == "until_sigterm" and not preemption.requested()):
            evaluations(seconds=0.1)
        if mode == "until_sigterm":
            answer["evaluated_after_sigterm_on"] = evaluations()
        report.write_text(json.dumps(answer), encoding="utf-8")
        if mode == "until_sigterm":
            preemption.leave(report)
    sys.exit(7)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
