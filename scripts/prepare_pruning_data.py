"""Divide a study's images into what heads learn and what they should find strange."""

from pathlib import Path

from heterodox import command
from heterodox.datasets.out_of_distribution import prepare

RESOURCES = Path(__file__).resolve().parents[1] / "resources"


def prepare_pruning_data(
    spec: dict,
    train: Path,
    validation: Path,
    test: Path,
    known_train: Path,
    known_validation: Path,
    known_test: Path,
    ood_validation: Path,
    ood_test: Path,
) -> None:
    """Write the in-distribution splits and the two out-of-distribution parts of a pruning study."""
    config = spec["config"]
    sets = {
        name: {"folder": RESOURCES, **entry} if entry["source"] == "embedded" else entry
        for name, entry in config["ood"].items()
    }
    splits = {"train": train, "validation": validation, "test": test}
    targets = {"train": known_train, "validation": known_validation, "test": known_test}
    targets |= {"ood_validation": ood_validation, "ood_test": ood_test}
    prepare({**config, "ood": sets}, splits, targets, config["seed"], config["dataset"])


if __name__ == "__main__":
    command.run(prepare_pruning_data)
