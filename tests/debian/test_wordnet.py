"""The real WordNet 3.0, as Debian's wordnet-base installs it, against what others publish of it."""

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from heterodox.datasets import imagenet_16_120
from heterodox.metrics.taxonomy import heights, path_similarity
from heterodox.searches.class_similarity import similarities_of_classes
from heterodox.storage.wordnet import open_nouns

FOLDER = Path("/usr/share/wordnet")
ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT / "resources" / "synsets"


@pytest.fixture(scope="module")
def nouns():
    with open_nouns(FOLDER) as opened:
        yield opened


# As the documentation of NLTK gives them for WordNet 3.0.
@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [
        ("dog.n.01", "cat.n.01", 0.2),
        ("right_whale.n.01", "minke_whale.n.01", 0.25),
        ("right_whale.n.01", "orca.n.01", 0.16666666666666666),
        ("right_whale.n.01", "tortoise.n.01", 0.07692307692307693),
        ("right_whale.n.01", "novel.n.01", 0.043478260869565216),
    ],
)
def test_path_similarities_are_nltks(nouns, first, second, similarity):
    assert path_similarity(nouns.synset(first), nouns.synset(second), nouns.hypernyms) == pytest.approx(similarity)


# Names of classes and the ids that ImageNet has for them.
@pytest.mark.parametrize(
    ("name", "imagenet"),
    [
        ("t-shirt.n.01", "n03595614"),
        ("pullover.n.01", "n04021028"),
        ("sandal.n.01", "n04133789"),
        ("gym_shoe.n.01", "n03472535"),
        ("bag.n.04", "n02774152"),
        ("boot.n.01", "n02872752"),
        ("automobile.n.01", "n02958343"),
        ("airplane.n.01", "n02691156"),
        ("ship.n.01", "n04194289"),
    ],
)
def test_names_mean_the_synsets_that_imagenet_numbers(nouns, name, imagenet):
    assert nouns.synset(name) == nouns.synset(imagenet)


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.csv")), ids=lambda path: path.stem)
def test_all_maps_can_be_followed(path):
    with open(path, newline="") as file:
        classes = [row["class"] for row in csv.DictReader(file)]
    found = similarities_of_classes(classes, {"folder": str(FOLDER), "synsets": str(MAPS)})
    assert len(np.unique(found)) > 5
    assert (found[np.triu_indices(len(found), 1)] < 1).all()


def test_the_classes_of_imagenet_16_120_are_animals_of_several_kinds(nouns):
    heights_ = [heights(nouns.synset(name), nouns.hypernyms) for name in imagenet_16_120.CLASSES]
    kinds = {name: nouns.synset(name) for name in ("animal.n.01", "primate.n.02", "bovid.n.01", "dog.n.01")}
    counts = {name: sum(synset in over for over in heights_) for name, synset in kinds.items()}
    # Figure 6 of the paper sets primates and bovids off.
    assert counts["animal.n.01"] == 120
    assert counts["primate.n.02"] > 5
    assert counts["bovid.n.01"] > 3
    assert counts["dog.n.01"] > 40


def test_the_classes_that_figure_6_sets_off_are_all_of_their_kind(nouns):
    config = yaml.safe_load((ROOT / "configs/cells_in16.yaml").read_text(encoding="utf-8"))
    for group, kind in (("Primates", "primate.n.02"), ("Bovids", "bovid.n.01")):
        synset = nouns.synset(kind)
        own = [name for name in imagenet_16_120.CLASSES if synset in heights(nouns.synset(name), nouns.hypernyms)]
        assert config["cells"]["emphasised"][group] == sorted(own)
