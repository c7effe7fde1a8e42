"""Explain the images of the user studies."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.datasets.stimuli import pairs_of
from heterodox.explain.multitask import explain_images
from heterodox.explain.sets import waiting_state
from heterodox.explain.stimuli import explain_species
from heterodox.storage.annotations import AnnotatedFile
from heterodox.user_study.trials import all_trials, images_by_species


def explain_stimuli(
    spec: dict,
    multitask: Path,
    members: Path,
    images: Path,
    marks: Path,
    heat: Path,
    state: Path,
    state_seconds: float = 30.0,
) -> None:
    """Write averaged maps of every attribute and of the species, and all members' maps for the first study.

    multitask, members: weights, which may be the same file; state: a folder that lets a killed job go on.
    """
    config = spec["config"]
    with AnnotatedFile(images) as file:
        pairs = pairs_of(config["source"], config["user_study"]["pairs"])
        shown = all_trials(
            config["user_study"], images_by_species(file.labels, file.classes, file.index), pairs, config["seed"]
        )
        row_of = {int(identity): row for row, identity in enumerate(file.index)}

    def rows(*studies: str) -> np.ndarray:
        return np.array(sorted({row_of[trial.image] for trial in shown if trial.study in studies}), int)

    waiting = [
        waiting_state(spec, weights, images, state / name, state_seconds)
        for weights, name in ((multitask, "marks.h5"), (members, "heat.h5"))
    ]
    explain_images(config["marks"], multitask, images, rows("annotations", "learning"), marks, waiting[0])
    explain_species(config["heat"], members, members == multitask, images, rows("averaging"), heat, waiting[1])


if __name__ == "__main__":
    command.run(explain_stimuli)
