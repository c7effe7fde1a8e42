"""Draw where several members look on the same test images."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.errors import UserError
from heterodox.figures import saliency_maps, style
from heterodox.storage.dumps import DumpFile, open_dumps
from heterodox.storage.images import ImageFile


def draw_saliency_maps(spec: dict, images: Path, dumps: list[Path], figure: Path) -> None:
    """Draw the `members` of the spec's config by its explanation `method`; dumps in their order, on the same images."""
    with ImageFile(images) as pictures, open_dumps(dumps) as opened:
        if not np.array_equal(pictures.index, opened[0].index):
            raise UserError(f"{dumps[0]}: speaks of other images than {images}; dump the members again")
        predictions = np.stack([answers(dump) for dump in opened])
        rows = saliency_maps.choose_images(opened[0].labels, predictions)
        members = [
            saliency_maps.MemberMaps(name, read_maps(dump, spec["config"]["method"], rows), predicted[rows])
            for name, dump, predicted in zip(spec["config"]["members"], opened, predictions, strict=True)
        ]
        shown = np.concatenate([pictures.images(row, row + 1) for row in rows])
        style.save(saliency_maps.draw(shown, pictures.labels[rows], pictures.classes, members), figure)


def answers(dump: DumpFile, rows: int = 10_000) -> np.ndarray:
    """Return the class with the highest logit for each image, (N,)."""
    return np.concatenate([dump.logits(at, at + rows).argmax(axis=1) for at in range(0, len(dump), rows)])


def read_maps(dump: DumpFile, method: str, rows: np.ndarray) -> np.ndarray:
    """Return the maps of these rows, summed over channels, float32 (n, H, W)."""
    return np.concatenate([dump.saliency(method, row, row + 1).astype(np.float32).sum(axis=1) for row in rows])


if __name__ == "__main__":
    command.run(draw_saliency_maps)
