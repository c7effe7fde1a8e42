"""Write the images of the user studies, as networks and as people see them."""

from pathlib import Path

from heterodox import command
from heterodox.datasets.stimuli import pairs_of, shown_images
from heterodox.user_study.trials import images_needed


def prepare_stimuli(spec: dict, images: Path, pictures: Path) -> None:
    """Write two files of annotated images with the same birds in the same order: at the networks' size and large."""
    config = spec["config"]
    pairs = pairs_of(config["source"], config["user_study"]["pairs"])
    species = [name for pair in pairs for name in pair]
    count, side = images_needed(config["user_study"], len(species)), config["user_study"]["side"]
    sets = shown_images(config["source"], config["name"], config["seed"], species, count, side)
    for shown, path in zip(sets, (images, pictures), strict=True):
        shown.write(path, {"dataset": config["dataset"], "split": "user_study", "seed": config["seed"]})


if __name__ == "__main__":
    command.run(prepare_stimuli)
