"""Synthetic birds as annotated images; `heterodox.datasets.birds` draws them."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from heterodox.datasets.annotated.annotated_sets import Annotated, AnnotatedSet, annotated_set
from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import STYLES, paint
from heterodox.errors import UserError

COUNTS = {"train": 4000, "validation": 500, "test": 1000}
SMALLEST = 64
# Where the identities of a split begin: a larger split begins with the images of a smaller one.
FIRST = {"train": 0, "validation": 10_000_000, "test": 20_000_000}


def official_parts(source: Mapping[str, Any], name: str, seed: int) -> dict[str, AnnotatedSet]:
    """Return the training, validation and test birds of a flock called `name`.

    `source` has `size` (side in pixels, at least 64), `style` (garden or shore) and `images` (number per split). What
    a bird is like depends on the seed, the flock's name and its index alone; flocks share no bird.
    """
    style, size = source.get("style", "garden"), source["size"]
    if style not in STYLES:
        raise UserError(f"sources.{name}.style: '{style}' is unknown; there are {', '.join(STYLES)}")
    if size < SMALLEST:
        raise UserError(f"sources.{name}.size: birds are drawn with at least {SMALLEST} pixels, not {size}")
    counts = COUNTS | dict(source.get("images", {}))
    return {split: flock(seed, name, FIRST[split] + np.arange(count), size, style) for split, count in counts.items()}


def flock(seed: int, name: str, index: np.ndarray, size: int, style: str) -> AnnotatedSet:
    """Return the birds with these identities (N,) as annotated images."""
    birds = traits.draw(seed, name, index)

    def annotated(rows: np.ndarray) -> Annotated:
        chosen = birds.at(rows)
        pictures = paint(chosen, size, style)
        return Annotated(pictures.images, pictures.masks, pictures.key_points, dict(chosen.pose))

    return annotated_set(
        birds.species,
        index,
        traits.species_names(),
        (size, size, 3),
        traits.VALUES | {"family": traits.FAMILIES},
        birds.traits | {"family": birds.families},
        annotated,
        {"look_alikes": json.dumps(traits.look_alikes()), "style": style},
    )
