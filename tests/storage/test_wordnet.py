from pathlib import Path

import pytest

from heterodox.errors import UserError
from heterodox.metrics.taxonomy import path_similarity
from heterodox.storage.wordnet import open_nouns
from tests.storage.wordnet_files import write_wordnet


@pytest.fixture(scope="module")
def nouns(tmp_path_factory):
    with open_nouns(write_wordnet(tmp_path_factory.mktemp("wordnet"))) as opened:
        yield opened


def test_names_and_imagenet_ids_mean_synsets(nouns):
    assert nouns.synset("dog.n.01") == nouns.synset("n02084071") == 2084071
    assert nouns.synset("T-shirt.n.01") == nouns.synset("jersey.n.01") == 3595614
    assert nouns.synset("cat.n.02") == 1317541


def test_hypernyms_are_kinds_and_instances_and_nothing_else(nouns):
    assert nouns.hypernyms(2084071) == (2083346, 1317541)
    assert nouns.hypernyms(2075296) == (15388,)  # neither members (#m) nor what is below (~)
    assert nouns.hypernyms(11027133) == (2084071,)
    assert nouns.hypernyms(3051540) == (21939,)  # behind eleven words, a number in hexadecimal
    assert nouns.hypernyms(1740) == ()


@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [
        ("dog.n.01", "cat.n.01", 1 / 5),  # NLTK's 0.2
        ("dog.n.01", "dog.n.01", 1.0),
        ("dog.n.01", "cat.n.02", 1 / 2),
        ("laika.n.01", "cat.n.01", 1 / 6),
        ("dog.n.01", "t-shirt.n.01", 1 / 7),  # dog, domestic animal, animal, entity, artifact, clothing, T-shirt
    ],
)
def test_similarities_by_hand(nouns, first, second, similarity):
    assert path_similarity(nouns.synset(first), nouns.synset(second), nouns.hypernyms) == pytest.approx(similarity)


@pytest.mark.parametrize("name", ["dog", "dog.v.01", "dog.n.02", "dog.n.00", "do.n.01", "wolf.n.01"])
def test_a_name_that_means_nothing_is_one_line(nouns, name):
    with pytest.raises(UserError, match=rf"synset {name}: not in WordNet 3\.0; write it like dog\.n\.01"):
        nouns.synset(name)


@pytest.mark.parametrize("name", ["n02084072", "n99999999", "n00000000"])
def test_an_id_of_another_wordnet_is_one_line(nouns, name):
    with pytest.raises(UserError, match=rf"data\.noun: has no synset {name}"):
        nouns.synset(name)


def test_a_missing_folder_says_how_to_get_it(tmp_path):
    with pytest.raises(UserError, match=r"no WordNet here.*install Debian's package wordnet-base") as caught:
        open_nouns(Path(tmp_path / "none")).__enter__()
    assert "\n" not in str(caught.value)
