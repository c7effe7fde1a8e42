"""Train networks that tell class levels, attributes and marks at once, one head each on a common trunk."""

from pathlib import Path

from heterodox import command
from heterodox.networks.heads import load_trunk
from heterodox.networks.loading import available_device
from heterodox.storage.members import description_path, read_description, write_member
from heterodox.storage.provenance import fingerprint
from heterodox.training.multitask import stored_networks, tasks_of, train_networks
from heterodox.training.state import StateFile


def train_multitask(
    spec: dict, backbone: Path, train: Path, validation: Path, weights: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write the networks; state files let a killed job go on."""
    config = spec["config"]
    entry = config["multitask"]
    trunk, features = load_trunk(backbone)
    tasks = tasks_of(entry, train)
    mark = fingerprint(spec, [backbone, description_path(backbone), train, validation])
    running, finished = (
        [StateFile(state / f"{own}{kind}.pt", mark, state_seconds) for own in entry["seeds"]]
        for kind in ("", "-finished")
    )
    pairs = list(zip(running, finished, strict=True))
    networks, histories = train_networks(
        entry, tasks, trunk.to(available_device()), features, (train, validation), config["seed"], pairs
    )
    stored = stored_networks(spec, tasks, networks, features, read_description(backbone), histories)
    write_member(weights, *stored)
    for file in (*running, *finished):
        file.remove()


if __name__ == "__main__":
    command.run(train_multitask)
