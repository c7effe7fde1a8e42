"""The images of the user studies: of look-alike species only, and of synthetic birds as many as are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from heterodox.datasets.annotated import birds, interface
from heterodox.datasets.annotated.annotated_sets import AnnotatedSet
from heterodox.datasets.birds import traits
from heterodox.errors import UserError

FIRST = 30_000_000  # identities of birds that no split has
STEP = 512
Pair = tuple[str, str]


def pairs_of(source: Mapping[str, Any], pairs: Sequence[Sequence[str]] | None) -> list[Pair]:
    """Return the pairs of look-alike species: those given, else the birds' own. UserError where there are none."""
    if pairs:
        return [(first, second) for first, second in pairs]
    if source["source"] != "birds":
        raise UserError(f"user_study.pairs: nobody knows which classes of {source['source']} look alike; name pairs")
    return [(first, second) for first, second, _ in traits.look_alikes()]


def shown_images(
    source: Mapping[str, Any], name: str, seed: int, species: Iterable[str], per_species: int, side: int
) -> tuple[AnnotatedSet, AnnotatedSet]:
    """Return the images of these species as networks see them and as people do, in the same order.

    Birds are drawn for the purpose, `per_species` of each, and for people again with `side` pixels; of a published data
    set both are its test images. UserError for an unknown species.
    """
    wanted = list(species)
    if source["source"] == "birds":
        index = bird_identities(seed, name, wanted, per_species)
        style = source.get("style", "garden")
        small, large = (birds.flock(seed, name, index, size, style) for size in (source["size"], side))
        told = source.get("attributes")
        return (small, large) if told is None else (small.telling(told), large.telling(told))
    images = interface.splits(source, name, seed)["test"]
    places = _places(wanted, images.classes)
    chosen = images.subset(np.flatnonzero(np.isin(images.labels, places)))
    return chosen, chosen


def bird_identities(seed: int, name: str, species: Sequence[str], per_species: int) -> np.ndarray:
    """Return the first `per_species` identities of each species in a flock's further birds, in rising order."""
    places = _places(species, traits.species_names())
    found: dict[int, list[int]] = {place: [] for place in places}
    start = FIRST
    while any(len(own) < per_species for own in found.values()):
        index = np.arange(start, start + STEP)
        for place, identity in zip(traits.draw(seed, name, index).species.tolist(), index.tolist(), strict=True):
            if place in found and len(found[place]) < per_species:
                found[place].append(identity)
        start += STEP
    return np.sort([identity for own in found.values() for identity in own])


def _places(species: Sequence[str], classes: Sequence[str]) -> list[int]:
    for one in species:
        if one not in classes:
            raise UserError(f"user_study.pairs: there is no species {one!r}; known are {', '.join(classes[:8])}, ...")
    return [list(classes).index(one) for one in species]
