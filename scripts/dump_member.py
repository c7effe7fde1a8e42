"""Rule dump_member."""

import json
import logging
from pathlib import Path

from heterodox import command, dumps
from heterodox.networks.loading import available_device, load_member
from heterodox.storage.images import ImageFile
from heterodox.storage.members import description_path, read_description
from heterodox.storage.provenance import fingerprint
from heterodox.storage.rows import State


def dump_member(spec: dict, weights: Path, images: Path, dump: Path, state: Path, state_seconds: float = 30.0) -> None:
    """Store a member's logits and saliency maps for every image of a shift; a state lets a killed job go on."""
    device = available_device()
    member, described, config = load_member(weights, device), read_description(weights), spec["config"]
    made_by = dumps.provenance(device)
    attributes = {
        "member": spec["wildcards"]["member"],
        "arch": described["arch"],
        "dataset": config["dataset"],
        "shift": spec["wildcards"]["shift"],
        "seed": described["seed"],
        "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
    }
    # A commit that changes none of the code that runs, which is in the spec, may lie between two attempts.
    machine = {name: made_by[name] for name in ("torch_version", "device")}
    waiting = State(state, fingerprint(spec | machine, [weights, description_path(weights), images]), state_seconds)
    with ImageFile(images) as file:
        dumps.check_classes(described["classes"], weights, file)
        dumps.dump(member, file, dump, config["methods"], attributes | made_by, device, state=waiting)
        logging.info("%s: %d images, device %s", dump, len(file), device)


if __name__ == "__main__":
    command.run(dump_member)
