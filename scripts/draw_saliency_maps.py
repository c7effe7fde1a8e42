"""Draw where several members look on the same test images."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.ensembles.exhibits import answers, check_images, choose_images, read_maps
from heterodox.figures import saliency_maps, style
from heterodox.storage.dumps import open_dumps
from heterodox.storage.images import ImageFile


def draw_saliency_maps(spec: dict, images: Path, dumps: list[Path], figure: Path) -> None:
    """Draw the `members` of the spec's config by its explanation `method`; dumps in their order, on the same images."""
    with ImageFile(images) as pictures, open_dumps(dumps) as opened:
        check_images(opened[0], pictures)
        predictions = np.stack([answers(dump) for dump in opened])
        rows = choose_images(opened[0].labels, predictions)
        members = [
            saliency_maps.MemberMaps(name, read_maps(dump, spec["config"]["method"], rows), predicted[rows])
            for name, dump, predicted in zip(spec["config"]["members"], opened, predictions, strict=True)
        ]
        shown = pictures.at(rows)
        style.save(saliency_maps.draw(shown, pictures.labels[rows], pictures.classes, members), figure)


if __name__ == "__main__":
    command.run(draw_saliency_maps)
