"""Label test images with arrows: a figure of some, and each as SVG, PNG and JSON."""

import json
from pathlib import Path

from heterodox import command
from heterodox.figures import labelled_arrows, style
from heterodox.figures.stimuli import layout_of
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.atomic import write_text
from heterodox.storage.explanations import MapFile
from heterodox.user_study.images import QuestionMaps, explained_images

SHOWN = 6


def draw_labelled_arrows(spec: dict, images: Path, maps: Path, folder: Path, figure: Path) -> None:
    """Write {identity}.svg, .png, .pdf and .json into `folder`, and the figure of the first six."""
    drawn = []
    with AnnotatedFile(images) as file, MapFile(maps) as explained:
        for identity, one in explained_images(file, QuestionMaps(explained)):
            width = one.shown.image.shape[1]
            inches = width / labelled_arrows.pixels_per_inch(width)
            layout = layout_of(one.shown, inches, labelled_arrows.TEXT_POINTS)
            labelled = labelled_arrows.Labelled(one.shown.image, layout, one.title, one.right)
            style.save(labelled_arrows.draw_one(labelled), folder / f"{identity}.svg")
            height = one.shown.image.shape[0]
            described = {"image": identity, "width": width, "height": height, "class": one.title, **layout.as_json()}
            write_text(folder / f"{identity}.json", json.dumps(described, indent=1) + "\n")
            drawn.append(labelled)
    style.save(labelled_arrows.draw(drawn[:SHOWN]), figure)


if __name__ == "__main__":
    command.run(draw_labelled_arrows)
