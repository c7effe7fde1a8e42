import numpy as np
import pytest

from heterodox.figures import attribution_maps
from heterodox.figures.saliency_maps import MemberMaps
from heterodox.figures.teams import Team
from tests.figures.study import all_words, misplaced_texts

CLASSES = ["T-shirt/top", "black-footed ferret of the plains", *[f"class number {n}" for n in range(8)]]


def example(count: int = 8, teams: int = 3, shape=(28, 28, 1), diversity: float = 0.3):
    generator = np.random.default_rng(0)
    labels, images = np.arange(count), generator.integers(0, 256, (count, *shape), dtype=np.uint8)
    blocks = []
    for number in range(teams):
        names = ["a_member_with_a_very_long_name", "heterodox-1-2", "deit"]
        members = [MemberMaps(name, generator.random((count, *shape[:2])), labels + (name == "deit")) for name in names]
        title = "Diverse attributions at the last stable epoch" if number else "Heterogeneous"
        blocks.append((Team(title, names, 0.78, diversity), members))
    return images, labels, CLASSES, blocks


@pytest.mark.parametrize(("count", "teams", "shape"), [(8, 3, (28, 28, 1)), (3, 3, (64, 48, 3)), (2, 1, (28, 28, 1))])
def test_texts_are_legible(count: int, teams: int, shape: tuple[int, ...]) -> None:
    assert misplaced_texts(attribution_maps.draw(*example(count, teams, shape))) == []


def test_headings_tell_accuracy_and_diversity_where_it_is_known() -> None:
    words = all_words(attribution_maps.draw(*example(count=2)))
    assert "Heterogeneous\naccuracy 78.0 %, diversity 0.30" in words
    assert "diversity" not in all_words(attribution_maps.draw(*example(count=2, diversity=np.nan)))


def test_every_member_has_a_column_and_wrong_answers_a_dashed_frame() -> None:
    images, labels, classes, blocks = example(count=4, teams=2)
    figure = attribution_maps.draw(images, labels, classes, blocks)
    pictures = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    expected = [values for _, members in blocks for member in members for values in member.maps]
    for found, values in zip(pictures[len(images) :], expected, strict=True):
        np.testing.assert_array_equal(found, values)
    styles = [axes.spines["left"].get_linestyle() for axes in figure.axes if axes.images][len(images) :]
    solid, dashed = styles[0], styles[-1]
    assert solid != dashed
    assert styles == ([solid] * 8 + [dashed] * 4) * 2  # the last member of each team is wrong on every image
