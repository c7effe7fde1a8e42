import numpy as np
import pytest

from heterodox.figures import corruption_panel
from tests.figures.study import all_words, misplaced_texts


def example(shape: tuple[int, ...], severities=(1.0, 2.0, 4.0)):
    clean = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    return clean, {
        "lines": dict.fromkeys(severities, clean // 2),
        "water_drop": {7.0: clean // 3},
    }


@pytest.mark.parametrize("shape", [(28, 28, 1), (224, 224, 3), (32, 48, 3)])
@pytest.mark.parametrize("severities", [(2.0,), (1.0, 2.0, 4.0), tuple(range(1, 12))])
def test_texts_are_legible(shape: tuple[int, ...], severities: tuple[float, ...]) -> None:
    assert misplaced_texts(corruption_panel.draw(*example(shape, severities))) == []


def test_rows_begin_clean_and_severities_grow() -> None:
    clean, corrupted = example((28, 28, 1), (4.0, 1.5))
    figure = corruption_panel.draw(clean, corrupted)
    assert [axes.get_title() for axes in figure.axes] == ["clean", "1.5", "4", "clean", "7", ""]
    assert np.array_equal(figure.axes[3].images[0].get_array(), clean[..., 0])
    assert np.array_equal(figure.axes[4].images[0].get_array(), corrupted["water_drop"][7.0][..., 0])
    assert "Water drop" in all_words(figure)
    assert not figure.axes[5].images
