"""Write the training, validation and test split of one source of annotated images."""

from pathlib import Path

from heterodox import command
from heterodox.datasets.annotated.interface import SPLITS, prepare
from heterodox.storage.provenance import fingerprint
from heterodox.storage.rows import State


def prepare_annotated_images(
    spec: dict, train: Path, validation: Path, test: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write the three splits; state files let a killed job go on."""
    config, name = spec["config"], spec["wildcards"]["source"]
    paths = dict(zip(SPLITS, (train, validation, test), strict=True))
    states = {split: State(state / f"{split}.h5", fingerprint(spec, []), state_seconds) for split in SPLITS}
    prepare(config["source"], name, config["dataset"], config["seed"], paths, states)


if __name__ == "__main__":
    command.run(prepare_annotated_images)
