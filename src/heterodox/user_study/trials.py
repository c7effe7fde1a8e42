"""Which images people see in the three user studies, and under which condition: the rows of the stimuli's manifest.

Every draw is keyed by the study, so that one study's images do not depend on another's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.storage.answers import ANNOTATIONS, AVERAGING, LEARNING
from heterodox.streams import stream

AVERAGING_CONDITIONS = ("single", "averaged")
ANNOTATION_TYPES = ("boxes", "arrows", "labelled_arrows", "heat_map", "words")
GROUPS = ("control", "heat_map", "boxes", "labelled_arrows", "words")
EXAMPLE = "example"
MANIFEST = ["study", "image", "condition", "pair", "species", "pseudonym", "plain", "annotated", "words"]
# Two birds of a pair differ in the first word only, which says nothing about their looks.
PSEUDONYMS = (("Western", "Eastern"), ("Coastal", "Inland"), ("Highland", "Lowland"), ("Island", "Mainland"))
Pair = tuple[str, str]


class Trial(NamedTuple):
    """One row of the manifest before its pictures are drawn: which image, under which condition, of which pair."""

    study: str
    image: int
    condition: str
    pair: str
    species: str
    pseudonym: str


def pair_name(pair: Pair) -> str:
    """Return how tables name a pair of look-alikes."""
    return " / ".join(pair)


def species_of(pair: str, shown: Iterable[str]) -> set[str]:
    """Return the species of a pair: those shown and, where the pair's name is of `pair_name`, the other one too."""
    named = set(pair.split(" / "))
    return {*shown} | (named if named & {*shown} else set())


def averaging_trials(images: Mapping[str, Sequence[int]], pairs: Sequence[Pair], count: int, seed: int) -> list[Trial]:
    """Return study 1's trials: `count` images spread evenly over the species, each under both conditions.

    images: the images at hand by species. The first row is the example of the introduction, an image of its own.
    """
    species = [name for pair in pairs for name in pair]
    chosen = evenly(images, species, count + 1, seed, AVERAGING)
    example, shown = chosen[-1], chosen[:-1]
    rows = [_trial(AVERAGING, *example, EXAMPLE, pairs)]
    return rows + [_trial(AVERAGING, *one, condition, pairs) for one in shown for condition in AVERAGING_CONDITIONS]


def annotation_trials(
    images: Mapping[str, Sequence[int]], pairs: Sequence[Pair], per_type: int, seed: int
) -> list[Trial]:
    """Return study 2's trials: `per_type` images of each type of annotation, no image twice, after the example.

    Types go round the images in turn, so that each meets the species as evenly as can be.
    """
    species = [name for pair in pairs for name in pair]
    chosen = evenly(images, species, per_type * len(ANNOTATION_TYPES) + 1, seed, ANNOTATIONS)
    example, shown = chosen[-1], chosen[:-1]
    rows = [_trial(ANNOTATIONS, *example, EXAMPLE, pairs)]
    return rows + [
        _trial(ANNOTATIONS, *one, ANNOTATION_TYPES[place % len(ANNOTATION_TYPES)], pairs)
        for place, one in enumerate(shown)
    ]


def learning_trials(
    images: Mapping[str, Sequence[int]],
    pairs: Sequence[Pair],
    per_pair: int,
    seed: int,
    groups: Sequence[str] = GROUPS,
) -> list[Trial]:
    """Return study 3's trials: `per_pair` images of each pair, half of each species, each once for every group.

    The birds have pseudonyms, as a name may tell what to look at; which of a pair has which is drawn.
    """
    rows = []
    for number, pair in enumerate(pairs):
        names = pseudonyms(pair, number, seed)
        chosen = evenly(images, pair, per_pair, seed, LEARNING)
        rows += [
            _trial(LEARNING, *one, group, pairs)._replace(pseudonym=names[one[0]]) for one in chosen for group in groups
        ]
    return rows


def evenly(
    images: Mapping[str, Sequence[int]], species: Sequence[str], count: int, seed: int, study: str
) -> list[tuple[str, int]]:
    """Return `count` different images as (species, image), the species as even as can be, in turns.

    Within a species images are drawn, and so is the order of the species in each turn. UserError where too few are at
    hand.
    """
    own = {name: [int(image) for image in images.get(name, ())] for name in species}
    if any(len(values) < count // len(species) for values in own.values()) or sum(map(len, own.values())) < count:
        fewest = min(own, key=lambda name: len(own[name]))
        raise UserError(
            f"user study ({study}): {count} images of {len(species)} species are wanted, but {fewest} has "
            f"{len(own[fewest])}; explain more images or ask for fewer"
        )
    drawn = {name: list(stream(seed, f"user_study_{study}", name).permutation(values)) for name, values in own.items()}
    chosen: list[tuple[str, int]] = []
    turn = 0
    while len(chosen) < count:
        order = stream(seed, f"user_study_{study}_turn", turn, *species).permutation(len(species))
        chosen += [(species[place], int(drawn[species[place]].pop())) for place in order if drawn[species[place]]]
        turn += 1
    return chosen[:count]


def pseudonyms(pair: Pair, number: int, seed: int) -> dict[str, str]:
    """Return the two species' pseudonyms: a word of the region with the last word that their names share, or `bird`."""
    last = {name.replace("_", " ").split()[-1].lower() for name in pair}
    noun = last.pop() if len(last) == 1 else "bird"
    regions = PSEUDONYMS[number % len(PSEUDONYMS)]
    order = stream(seed, "user_study_pseudonyms", *pair).permutation(2)
    return {name: f"{regions[place]} {noun}" for name, place in zip(pair, order, strict=True)}


def _trial(study: str, species: str, image: int, condition: str, pairs: Sequence[Pair]) -> Trial:
    pair = next(pair for pair in pairs if species in pair)
    return Trial(study, image, condition, pair_name(pair), species, "")


def manifest(trials: Sequence[Trial], pictures: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Return the manifest, MANIFEST's columns: each trial with its (plain picture, annotated picture, words)."""
    rows = [
        trial._asdict() | dict(zip(("plain", "annotated", "words"), shown, strict=True))
        for trial, shown in zip(trials, pictures, strict=True)
    ]
    table = pd.DataFrame(rows, columns=MANIFEST)
    return table.assign(image=[f"image-{image:05d}" for image in table["image"]])


def images_by_species(labels: np.ndarray, classes: Sequence[str], index: np.ndarray) -> dict[str, list[int]]:
    """Return the identities of the images (n,) of each species, sorted: no draw depends on their order."""
    return {
        name: sorted(int(value) for value in np.asarray(index)[np.asarray(labels) == label])
        for label, name in enumerate(classes)
    }


def all_trials(
    config: Mapping[str, Any], images: Mapping[str, Sequence[int]], pairs: Sequence[Pair], seed: int
) -> list[Trial]:
    """Return the trials of the three studies, study by study.

    config: `averaging` and `annotations` (`images`) and `learning` (`images`, `pairs`, `groups`).
    """
    learning = config["learning"]
    return [
        *averaging_trials(images, pairs, config["averaging"]["images"], seed),
        *annotation_trials(images, pairs, config["annotations"]["images"], seed),
        *learning_trials(images, pairs[: learning["pairs"]], learning["images"], seed, learning["groups"]),
    ]


def images_needed(config: Mapping[str, Any], species: int) -> int:
    """Return how many images of each of so many species every study of a config can be filled from."""
    counts = [config["averaging"]["images"] + 1, len(ANNOTATION_TYPES) * config["annotations"]["images"] + 1]
    return max(-(-config["learning"]["images"] // 2), *(-(-count // species) for count in counts))
