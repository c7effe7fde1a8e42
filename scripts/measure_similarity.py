"""Measure how alike the layers of two members are."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device, load_member
from heterodox.representations import layer_similarity
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import write_table
from heterodox.streams import stream


def measure_similarity(spec: dict, weights: list[Path], images: Path, table: Path) -> None:
    """Write the CKA of every layer of the wildcards' member `first` with every layer of `second`, on one shift.

    The spec's config holds `images`, how many are drawn (null: all), `batch_size` and `layers`, names by member; the
    layers of a member that is not among them are all that compute something.
    """
    config, names, device = (
        spec["config"],
        [spec["wildcards"][name] for name in ("first", "second")],
        available_device(),
    )
    first, second = (load_member(path, device) for path in weights)
    chosen = (config["layers"].get(names[0]), config["layers"].get(names[1]))
    with ImageFile(images) as file:
        # Drawn, for files that hold one class after another: a batch of one class knows no differences between them.
        rows = stream(config["seed"], "images of similarity", config["dataset"]).permutation(len(file))
        result = layer_similarity(first, second, file, rows[: config["images"]], config["batch_size"], chosen, device)
    for place, name in enumerate(("first", "second", "shift")):
        result.insert(place, name, spec["wildcards"][name])
    write_table(result, table)


if __name__ == "__main__":
    command.run(measure_similarity)
