"""Run a command with Ray on all nodes of the SLURM job: `python scripts/on_ray.py -- python scripts/search.py ...`."""

import sys

from heterodox import command
from heterodox.searches import ray_cluster


def on_ray(object_store_mb: int = 500, seconds: float = 300.0) -> None:
    """Run what follows `--`, with Ray on all nodes of the SLURM job; end with its exit status.

    The object store takes so much shared memory on every node; all nodes must have joined after so many seconds.
    """
    sys.exit(ray_cluster.run(COMMAND, object_store_mb * 1_000_000, seconds))


if __name__ == "__main__":
    divider = [*sys.argv, "--"].index("--")
    COMMAND = sys.argv[divider + 1 :]
    command.run(on_ray, sys.argv[1:divider])
