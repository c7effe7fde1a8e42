"""Draw annotated images with their parts drawn over; synthetic birds are painted again, large."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.datasets.annotated import birds
from heterodox.figures import contact_sheet, style
from heterodox.storage.annotations import AnnotatedFile

ACROSS, ROWS, SIDE = 6, 2, 192
SHOWN = ("bill", "wing", "eye", "tail", "body")


def draw_contact_sheet(spec: dict, images: Path, figure: Path) -> None:
    """Draw the first images of a source, with the parts of a bird or what parts there are."""
    config = spec["config"]
    with AnnotatedFile(images) as file:
        count = min(ROWS * ACROSS, len(file))
        captions = [file.classes[label] for label in file.labels[:count]]
        parts = [part for part in SHOWN if part in file.parts] or file.parts[:5]
        if config["source"]["source"] == "birds":
            flock = birds.flock(config["seed"], config["name"], file.index[:count], SIDE, config["source"]["style"])
            shown = flock.annotated(np.arange(count))
            pictures, masks, points = shown.images, shown.masks, shown.key_points
        else:
            pictures = file.images(0, count)
            masks = {part: file.masks(part, 0, count) for part in parts}
            points = {part: file.key_points(part)[:count] for part in parts if part in file.points}
    sheet = contact_sheet.draw(pictures, {part: masks[part] for part in parts}, points, captions)
    style.save(sheet, figure)


if __name__ == "__main__":
    command.run(draw_contact_sheet)
