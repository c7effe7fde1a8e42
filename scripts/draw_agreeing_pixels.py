"""Draw images on which two members agree, as each of them sees them."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.exhibits import answers, check_images, read_maps, views_apart
from heterodox.figures import agreeing_pixels, style
from heterodox.figures.saliency_maps import MemberMaps
from heterodox.storage.dumps import open_dumps
from heterodox.storage.images import ImageFile


def draw_agreeing_pixels(spec: dict, images: Path, dumps: list[Path], figure: Path) -> None:
    """Draw the two `members` of the spec's config by its explanation `method`; dumps in their order, on the images."""
    names, method = spec["config"]["members"], spec["config"]["method"]
    with ImageFile(images) as pictures, open_dumps(dumps) as opened:
        check_images(opened[0], pictures)
        rows, cosines = views_apart(*opened, method)
        members = [
            MemberMaps(name, read_maps(dump, method, rows), answers(dump)[rows])
            for name, dump in zip(names, opened, strict=True)
        ]
        shown = pictures.at(rows), pictures.labels[rows], pictures.classes
        style.save(agreeing_pixels.draw(*shown, members, cosines), figure)


if __name__ == "__main__":
    command.run(draw_agreeing_pixels)
