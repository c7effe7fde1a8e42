import json

import numpy as np
import pytest

from heterodox.datasets.annotated import birds
from heterodox.datasets.birds import traits
from heterodox.errors import UserError


def test_a_larger_split_begins_with_the_birds_of_a_smaller_one() -> None:
    small = birds.official_parts({"size": 64, "images": {"train": 3, "validation": 2, "test": 2}}, "flock", 1)
    large = birds.official_parts({"size": 64, "images": {"train": 5, "validation": 2, "test": 4}}, "flock", 1)
    for split, part in small.items():
        rows = np.arange(len(part))
        np.testing.assert_array_equal(part.read(rows), large[split].read(rows))
        np.testing.assert_array_equal(part.labels, large[split].labels[: len(part)])
    identities = np.concatenate([part.index for part in large.values()])
    assert len(set(identities)) == 11


def test_rows_are_what_they_are_in_any_order() -> None:
    part = birds.flock(1, "flock", np.arange(6), 64, "shore")
    chosen = part.subset(np.array([4, 1]))
    np.testing.assert_array_equal(chosen.read(np.array([1, 0])), part.read(np.array([1, 4])))
    marked = chosen.annotated(np.array([0]))
    np.testing.assert_array_equal(marked.masks["wing"], part.annotated(np.array([4])).masks["wing"])
    np.testing.assert_array_equal(chosen.attributes["bill"], part.attributes["bill"][[4, 1]])


def test_flocks_share_no_bird_and_the_notes_name_look_alikes() -> None:
    first, second = (birds.flock(1, name, np.arange(3), 64, "garden") for name in ("one", "two"))
    assert not np.array_equal(first.read(np.arange(3)), second.read(np.arange(3)))
    assert [tuple(pair) for pair in json.loads(first.notes["look_alikes"])] == traits.look_alikes()


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ({"size": 32}, "at least 64 pixels, not 32"),
        ({"size": 64, "style": "sea"}, "'sea' is unknown; there are garden"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(source: dict, fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        birds.official_parts(source, "flock", 1)
