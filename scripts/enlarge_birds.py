"""Draw explained birds again, large enough for people to look at."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.datasets.annotated.birds import flock
from heterodox.storage.explanations import MapFile


def enlarge_birds(spec: dict, maps: Path, pictures: Path) -> None:
    """Write the birds that were explained as annotated images with `side` pixels."""
    config = spec["config"]
    with MapFile(maps) as file:
        index = np.unique(file.index)
    shown = flock(config["seed"], config["name"], index, config["side"], config["source"].get("style", "garden"))
    shown.write(pictures, {"dataset": config["dataset"], "split": "shown", "seed": config["seed"]})


if __name__ == "__main__":
    command.run(enlarge_birds)
