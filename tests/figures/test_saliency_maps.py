import numpy as np
import pytest

from heterodox.figures import saliency_maps
from tests.figures.study import all_words, misplaced_texts, shown_texts

CLASSES = ["T-shirt/top", "black-footed ferret of the plains", *[f"class number {n}" for n in range(8)]]


def example(count: int = 8, members: int = 3, shape=(28, 28, 1)):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
    labels = np.arange(count)
    maps = generator.random((count, *shape[:2]))
    shown = [
        saliency_maps.MemberMaps("a_member_with_a_very_long_name" if n else "deit", maps, (labels + n) % 10)
        for n in range(members)
    ]
    return images, labels, shown


@pytest.mark.parametrize(("count", "members", "shape"), [(8, 3, (28, 28, 1)), (8, 3, (64, 48, 3)), (2, 1, (28, 28, 1))])
def test_texts_are_legible(count: int, members: int, shape: tuple[int, ...]) -> None:
    images, labels, shown = example(count, members, shape)
    assert misplaced_texts(saliency_maps.draw(images, labels, CLASSES, shown)) == []


def test_right_and_wrong_are_told_apart_without_colour() -> None:
    images, labels, shown = example(members=2)
    figure = saliency_maps.draw(images, labels, CLASSES, shown)
    right, wrong = figure.axes[8], figure.axes[16]
    assert right.get_title().startswith("\N{CHECK MARK}")
    assert wrong.get_title().startswith("\N{BALLOT X}")
    assert right.spines["left"].get_linestyle() != wrong.spines["left"].get_linestyle()
    assert "T-shirt/top" in all_words(figure)
    assert any(text.get_text() == "deit" for text in shown_texts(figure))


def test_a_map_of_zeros_and_unnamed_classes_are_drawn() -> None:
    images, labels, shown = example(members=1)
    shown[0].maps[:] = 0
    figure = saliency_maps.draw(images, labels, [], shown)
    assert "class 7" in all_words(figure)
