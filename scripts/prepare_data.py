"""Write the train, validation and test split of a study's data."""

from pathlib import Path

from heterodox import command
from heterodox.datasets.interface import prepare

RESOURCES = Path(__file__).resolve().parents[1] / "resources"


def prepare_data(spec: dict, train: Path, validation: Path, test: Path) -> None:
    """Write the three splits that the config's `data` section describes."""
    config = spec["config"]
    data = config["data"]
    if data["source"] == "embedded":
        data = {"folder": RESOURCES, **data}
    prepare(data, config["dataset"], config["seed"], {"train": train, "validation": validation, "test": test})


if __name__ == "__main__":
    command.run(prepare_data)
