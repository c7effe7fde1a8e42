import csv
from pathlib import Path

import numpy as np
import pytest

from heterodox.datasets import embedded
from heterodox.errors import UserError
from heterodox.searches.class_similarity import similarities_of_classes, synsets_of_classes
from tests.storage.wordnet_files import write_wordnet

ROOT = Path(__file__).resolve().parents[2]
MAPS = ROOT / "resources" / "synsets"


@pytest.fixture
def wordnet(tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "a.csv").write_text("class,synset\nDoggy,dog.n.01\n")
    (maps / "b.csv").write_text("class,synset\nDoggy,dog.n.01\nPussy cat,cat.n.01\nTop,t-shirt.n.01\n")
    return {"folder": str(write_wordnet(tmp_path / "wordnet")), "synsets": str(maps)}


def test_classes_are_compared_by_their_synsets(wordnet):
    expected = np.array([[1, 1 / 5, 1 / 7], [1 / 5, 1, 1 / 8], [1 / 7, 1 / 8, 1]])
    np.testing.assert_allclose(similarities_of_classes(["Doggy", "Pussy cat", "Top"], wordnet), expected)
    by_id = similarities_of_classes(["n02084071", "n02121620", "n03595614"], wordnet | {"synsets": "none"})
    np.testing.assert_allclose(by_id, expected)


def test_a_class_without_a_synset_is_one_line(wordnet):
    with pytest.raises(UserError, match=r"no map has a synset for class 'Cow'; add one, or switch"):
        similarities_of_classes(["Doggy", "Cow"], wordnet)
    with pytest.raises(UserError, match=r"there are no synset maps \(\*\.csv\) here"):
        synsets_of_classes(["Doggy"], Path(wordnet["folder"]))
    (Path(wordnet["synsets"]) / "c.csv").write_text("name,id\n")
    with pytest.raises(UserError, match=r"c\.csv: lacks a column class or synset"):
        synsets_of_classes(["Doggy"], Path(wordnet["synsets"]))


def test_the_maps_of_the_repository_have_the_classes_of_their_data_sets():
    small = embedded.official_parts({"name": "fashion_mnist_small", "folder": ROOT / "resources"})
    names = synsets_of_classes(small["train"].classes, MAPS)
    assert names[0] == "t-shirt.n.01"
    assert len(set(names)) == 10
    with open(MAPS / "cifar10.csv", newline="") as file:
        classes = [row["class"] for row in csv.DictReader(file)]
    assert classes == ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    assert synsets_of_classes(classes, MAPS)[1] == "automobile.n.01"
