"""Write a second, natural test set of a study's classes as one of its shifts."""

from pathlib import Path

from heterodox import command
from heterodox.datasets import interface


def prepare_natural_shift(spec: dict, images: Path, shift: Path) -> None:
    """Write the natural test set that the wildcard `shift` names; what it does not set is as in `data`."""
    config, name = spec["config"], spec["wildcards"]["shift"]
    data = {**config["data"], **config["natural_shifts"][name]}
    interface.prepare_natural_shift(data, config["dataset"], name, images, shift)


if __name__ == "__main__":
    command.run(prepare_natural_shift)
