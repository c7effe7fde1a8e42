"""Train the members of an ensemble: heads on a frozen trunk, all at once, or networks that each tune their own."""

from pathlib import Path

from heterodox import command
from heterodox.networks.heads import load_trunk
from heterodox.networks.loading import available_device
from heterodox.storage.members import description_path, read_description, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.member_sets import fine_tuned_members, frozen_heads, member_set, read_features, task_of
from heterodox.training.state import StateFile


def train_member_set(
    spec: dict,
    backbone: Path,
    train: Path,
    validation: Path,
    weights: Path,
    state: Path,
    features: list[Path] = [],  # noqa: B006  read only
    state_seconds: float = 30.0,
) -> None:
    """Write the member set; `features` are those of training and validation images, none for fine-tuned trunks."""
    config, device, name = spec["config"], available_device(), spec["wildcards"]["member_set"]
    entry, seed = config["member_set"], config["seed"]
    task = task_of(config["task"], entry["task"], train)
    trunk, maps = load_trunk(backbone)
    mark = fingerprint(spec, [backbone, description_path(backbone), train, validation, *features])
    if entry["trunk"] == "frozen":
        state_files = [StateFile(state / "heads.pt", mark, state_seconds)]
        images = [read_features(*files, task, device) for files in zip(features, (train, validation), strict=True)]
        trunks, outcome = [trunk], frozen_heads(entry, task, *images, seed, name, state_files[0])
    else:
        pairs = [
            tuple(StateFile(state / f"{member}{kind}.pt", mark, state_seconds) for kind in ("", "-finished"))
            for member in range(entry["members"])
        ]
        state_files = [file for pair in pairs for file in pair]
        trunks, outcome = fine_tuned_members(
            entry, task, trunk.to(device), maps, (train, validation), seed, name, pairs
        )
    write_member(weights, *member_set(spec, task, trunks, maps, read_description(backbone), outcome))
    for file in state_files:
        file.remove()


if __name__ == "__main__":
    command.run(train_member_set)
