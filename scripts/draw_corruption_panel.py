"""Draw what the corruptions do to a validation image as their severity grows."""

from pathlib import Path

from heterodox import command
from heterodox.corruptions import interface
from heterodox.errors import UserError
from heterodox.figures import corruption_panel, style
from heterodox.storage.images import ImageFile


def draw_corruption_panel(spec: dict, images: Path, figure: Path) -> None:
    """Draw the file's image number `image` with each corruption's `severities`; both stand in the spec's config."""
    config = spec["config"]
    with ImageFile(images) as pictures:
        if not 0 <= config["image"] < len(pictures):
            raise UserError(
                f"{images}: has no image {config['image']}, only 0 to {len(pictures) - 1}; name one of them"
            )
        rows = slice(config["image"], config["image"] + 1)
        image, index = pictures.images(rows.start, rows.stop), pictures.index[rows]
    corrupted: dict = {}
    for name, severities in config["severities"].items():
        for severity in severities:
            shift = interface.shift_name(name, severity)
            drawn = interface.draw_parameters(shift, config["dataset"], config["seed"], index, image.shape[1:])
            corrupted.setdefault(name, {})[severity] = interface.apply(name, image, drawn)[0]
    style.save(corruption_panel.draw(image[0], corrupted), figure)


if __name__ == "__main__":
    command.run(draw_corruption_panel)
