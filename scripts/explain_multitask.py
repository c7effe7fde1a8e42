"""Explain every head of the multi-task networks on test images, for labelled arrows."""

from pathlib import Path

from heterodox import command
from heterodox.explain.multitask import explain_images
from heterodox.explain.sets import chosen_rows, waiting_state
from heterodox.storage.annotations import AnnotatedFile


def explain_multitask(
    spec: dict, weights: Path, images: Path, maps: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write one averaged map per image and head; a state lets a killed job go on."""
    config = spec["config"]
    with AnnotatedFile(images) as file:
        rows = chosen_rows(config["seed"], file.index, config["images"])
    waiting = waiting_state(spec, weights, images, state, state_seconds)
    explain_images(config, weights, images, rows, maps, waiting)


if __name__ == "__main__":
    command.run(explain_multitask)
