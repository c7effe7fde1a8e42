"""The project's painted birds as a plain source of images, such as images that belong to no class of a study."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import paint
from heterodox.datasets.image_sets import ImageSet

SIDE = 64  # the smallest at which birds are painted
COUNTS = {"train": 5000, "test": 2500}
SEED = 0  # the set's own, not a study's: its images are as fixed as those of a file


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train and test part, in colour, `data.crop` (default 64) pixels a side; classes are the species.

    The index is the bird's place in its part. Below 64 pixels birds are painted at 64 and shrunk by area.
    """
    side = data.get("crop") or SIDE
    return {part: _part(part, count, side) for part, count in COUNTS.items()}


def _part(part: str, count: int, side: int) -> ImageSet:
    index = np.arange(count)
    birds = traits.draw(SEED, f"synthetic birds {part}", index)

    def read(rows: np.ndarray) -> np.ndarray:
        painted = paint(birds.at(np.asarray(rows)), max(side, SIDE)).images
        return painted if side >= SIDE else np.stack([_shrunk(image, side) for image in painted])

    return ImageSet(birds.species, index, traits.species_names(), (side, side, 3), read)


def _shrunk(image: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX))
