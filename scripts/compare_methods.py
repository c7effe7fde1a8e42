"""Score pairs of members by several methods of explanation on the same images."""

import logging
from pathlib import Path

from heterodox import command, dumps
from heterodox.ensembles.method_agreement import chosen_rows, score_methods
from heterodox.networks.loading import available_device, load_member
from heterodox.storage.images import ImageFile
from heterodox.storage.members import read_description
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import write_table
from heterodox.training.state import StateFile


def compare_methods(
    spec: dict, weights: list[Path], images: Path, scores: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Write the pair scores of every method, image by image; an interrupted run goes on where it stood.

    The spec's config holds the `members` (in the order of the weights), the `methods`, how many `images` are drawn,
    `normalise` and `seed`.
    """
    config, device = spec["config"], available_device()
    waiting = StateFile(state, fingerprint(spec | {"device": str(device)}, [*weights, images]), state_seconds)
    with ImageFile(images) as file:
        members = {}
        for name, path in zip(config["members"], weights, strict=True):
            dumps.check_classes(read_description(path)["classes"], path, file)
            members[name] = load_member(path, device)
        rows = chosen_rows(config["seed"], file.index, config["images"])
        logging.info("%d of %d images, %d members, device %s", len(rows), len(file), len(members), device)
        table = score_methods(members, file, config["methods"], rows, device, config["normalise"], waiting)
    write_table(table, scores)
    waiting.remove()


if __name__ == "__main__":
    command.run(compare_methods)
