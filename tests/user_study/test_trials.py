"""Which images people see: as many as the paper's studies have, evenly, and the same whatever else is drawn."""

from collections import Counter

import pytest

from heterodox.errors import UserError
from heterodox.user_study import trials
from tests.user_study.stimuli import IMAGES, PAIRS

FIVE_PAIRS = [(f"left {n}", f"right {n}") for n in range(5)]
MANY = {name: list(range(30 * place, 30 * place + 30)) for place, name in enumerate(sum(FIVE_PAIRS, ()))}


def owner(image: int) -> str:
    return next(name for name, images in MANY.items() if image in images)


def test_study_1_shows_24_images_of_ten_species_under_two_conditions() -> None:
    rows = trials.averaging_trials(MANY, FIVE_PAIRS, 24, seed=1)
    example, shown = rows[0], rows[1:]
    assert example.condition == "example"
    assert len(shown) == 48
    assert all(owner(row.image) == row.species and row.species in row.pair.split(" / ") for row in rows)
    for condition in ("single", "averaged"):
        images = [row.image for row in shown if row.condition == condition]
        assert len(set(images)) == 24
        assert example.image not in images
    assert set(Counter(row.species for row in shown).values()) <= {4, 6}


def test_study_2_shows_ten_unique_images_of_each_type() -> None:
    shown = trials.annotation_trials(MANY, FIVE_PAIRS, 10, seed=1)[1:]
    assert len({row.image for row in shown}) == 50
    assert Counter(row.condition for row in shown) == dict.fromkeys(trials.ANNOTATION_TYPES, 10)
    assert set(Counter(row.species for row in shown).values()) == {5}


def test_study_3_shows_20_images_of_each_pair_to_every_group() -> None:
    rows = trials.learning_trials(MANY, FIVE_PAIRS[:3], 20, seed=1)
    assert len(rows) == 3 * 20 * 5
    for left, right in FIVE_PAIRS[:3]:
        own = [row for row in rows if row.pair == f"{left} / {right}"]
        assert Counter(row.species for row in own) == {left: 50, right: 50}
        assert len({row.image for row in own}) == 20
        names = {row.species: row.pseudonym for row in own}
        assert len(set(names.values())) == 2
        assert not any(word in name for word in ("left", "right") for name in names.values())


def test_pseudonyms_keep_the_noun_that_look_alikes_share() -> None:
    assert {name.split()[1] for name in trials.pseudonyms(("spotted towhee", "eastern towhee"), 0, 1).values()} == {
        "towhee"
    }
    assert {name.split()[1] for name in trials.pseudonyms(("dunnock", "robin"), 1, 1).values()} == {"bird"}
    drawn = {tuple(sorted(trials.pseudonyms(("a", "b"), 0, seed).items())) for seed in range(10)}
    assert len(drawn) == 2  # which bird has which name depends on the seed


def test_a_study_s_images_do_not_depend_on_the_order_at_hand() -> None:
    backwards = {name: sorted(images) for name, images in reversed(IMAGES.items())}
    assert trials.averaging_trials(IMAGES, PAIRS, 8, 2) == trials.averaging_trials(backwards, PAIRS, 8, 2)
    assert trials.averaging_trials(IMAGES, PAIRS, 8, 2) != trials.averaging_trials(IMAGES, PAIRS, 8, 3)


def test_too_few_images_are_named() -> None:
    few = IMAGES | {"red finch": [40, 41]}
    with pytest.raises(UserError, match="red finch has 2; explain more images or ask for fewer"):
        trials.learning_trials(few, PAIRS, 20, 1)
    with pytest.raises(UserError, match="but"):
        trials.averaging_trials({}, PAIRS, 4, 1)
