"""How alike the classes of a data set are by WordNet, from their names."""

import csv
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from heterodox.errors import UserError
from heterodox.metrics.taxonomy import path_similarities
from heterodox.storage.wordnet import WORDNET_ID, open_nouns


def similarities_of_classes(classes: Sequence[str], wordnet: Mapping[str, str]) -> np.ndarray:
    """Return the path similarity (C, C) of every pair of classes, 1 on the diagonal (Eqs 2 and 4).

    wordnet: `folder` of WordNet 3.0's files, and `synsets`, a folder of CSV files with the columns class and synset.
    Classes that are WordNet ids, as ImageNet's, need no file. UserError for a class without a synset.
    """
    return _similarities(tuple(classes), Path(wordnet["folder"]), Path(wordnet["synsets"]))


@lru_cache(maxsize=4)
def _similarities(classes: tuple[str, ...], folder: Path, maps: Path) -> np.ndarray:
    names = synsets_of_classes(classes, maps)
    with open_nouns(folder) as nouns:
        return path_similarities([nouns.synset(name) for name in names], nouns.hypernyms)


def synsets_of_classes(classes: Sequence[str], maps: Path) -> list[str]:
    """Return the name of each class's synset: the class itself if it is a WordNet id, else from the maps in `maps`.

    Of the maps that one counts which knows most of the classes. UserError, with a class it lacks, where none has all.
    """
    if all(WORDNET_ID.fullmatch(name) for name in classes):
        return list(classes)
    known = {path: _synsets(path) for path in sorted(maps.glob("*.csv"))}
    if not known:
        raise UserError(f"{maps}: there are no synset maps (*.csv) here; add one with the columns class and synset")
    path = max(known, key=lambda each: len(set(classes) & set(known[each])))
    lacking = [name for name in classes if name not in known[path]]
    if lacking:
        raise UserError(
            f"{maps}: no map has a synset for class '{lacking[0]}'; add one, or switch the weighting by WordNet off"
        )
    return [known[path][name] for name in classes]


def _synsets(path: Path) -> dict[str, str]:
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"class", "synset"} <= set(rows.fieldnames or []):
            raise UserError(f"{path}: lacks a column class or synset; give it both")
        return {row["class"]: row["synset"] for row in rows}
