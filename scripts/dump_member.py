"""Rule dump_member."""

import json
import logging
from pathlib import Path

from heterodox import command, dumps
from heterodox.networks.loading import available_device, load_member
from heterodox.storage.images import ImageFile
from heterodox.storage.members import read_description


def dump_member(spec: dict, weights: Path, images: Path, dump: Path) -> None:
    """Store a member's logits and saliency maps for every image of a shift."""
    device = available_device()
    member, described, config = load_member(weights, device), read_description(weights), spec["config"]
    attributes = {
        "member": spec["wildcards"]["member"],
        "arch": described["arch"],
        "dataset": config["dataset"],
        "shift": spec["wildcards"]["shift"],
        "seed": described["seed"],
        "config": json.dumps(config, sort_keys=True, separators=(",", ":")),
    }
    with ImageFile(images) as file:
        dumps.check_classes(described["classes"], weights, file)
        dumps.dump(member, file, dump, config["methods"], attributes | dumps.provenance(device), device)
        logging.info("%s: %d images, device %s", dump, len(file), device)


if __name__ == "__main__":
    command.run(dump_member)
