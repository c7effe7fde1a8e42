"""Measure how well the unpruned network tells strange images by every score, temperature and input perturbation."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.explain.input_perturbation import perturbed_logits
from heterodox.metrics.detection import detection_ablation, perturbation_ablation
from heterodox.networks.backbones import exported, load_backbone
from heterodox.networks.loading import available_device
from heterodox.storage.features import check_backbone, read_features
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import write_table
from heterodox.training.populations import train_heads
from heterodox.training.pruning_baselines import whole_mask
from heterodox.training.recipe import HeadRecipe


def ablate_detection(
    spec: dict, backbone: Path, train: Path, known: list[Path], ood: list[Path], images: list[Path], table: Path
) -> None:
    """Train the unpruned head of every run and write one row per run, part, score, setting and OoD set.

    `known` and `ood` are the features of the validation and of the test part; `images` the image files of the two known
    sets, then of the two OoD sets.
    """
    config, device = spec["config"], available_device()
    recipe = HeadRecipe.from_config(config["head"], "pruning.head")
    member, identity = load_backbone(backbone, device)
    learned = read_features(train)
    check_backbone(learned, identity, str(backbone))
    insides, outsides = ([read_features(path, learned) for path in paths] for paths in (known, ood))
    mask, temperature = whole_mask("features", learned.values.shape[1], recipe.hidden), config["temperature"]
    rows = []
    for run in range(1, config["runs"] + 1):
        (trained,) = train_heads(learned, insides[0], mask, recipe, config["seed"], run)
        whole = exported(member, trained.head)
        for place, part in enumerate(("validation", "test")):
            inside, outside = insides[place], outsides[place]
            logits = [trained.head.logits(one.values) for one in (inside, outside)]
            found = detection_ablation(*logits, outside.labels, outside.classes, config["temperatures"])
            for epsilon in filter(None, config["epsilons"]):
                moved = []
                for path in (images[place], images[2 + place]):
                    with ImageFile(path) as file:
                        moved.append(perturbed_logits(whole, file, epsilon, temperature))
                found += perturbation_ablation(*moved, outside.labels, outside.classes, temperature, epsilon)
            rows += [{"run": run, "part": part, **row} for row in found]
    write_table(pd.DataFrame(rows), table)


if __name__ == "__main__":
    command.run(ablate_detection)
