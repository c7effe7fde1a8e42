"""Draw where the front's most frequent features look, by Grad-CAM."""

from pathlib import Path

from heterodox import command
from heterodox.figures import front_attention, style
from heterodox.metrics.map_correlation import map_correlation
from heterodox.storage.arrays import read_arrays
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table


def draw_pruning_attention(spec: dict, maps: Path, images: Path, genes: Path, figure: Path) -> None:
    """Draw the maps of all features, of the front's top ones and of random ones on the same test images."""
    found = read_arrays(maps, "images", "labels", *front_attention.TITLES)
    correlations = {name: map_correlation(found["all"], found[name]) for name in ("top", "random")}
    with ImageFile(images) as file:
        classes = file.classes
    table = read_table(genes, ["kind", "top"])
    count = int((table["top"] & (table["kind"] == "feature")).sum())
    shown, labels = found.pop("images"), found.pop("labels")
    style.save(front_attention.draw(shown, labels, classes, found, correlations, count), figure)


if __name__ == "__main__":
    command.run(draw_pruning_attention)
