from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures import difficulty_functions
from tests.figures.study import SHIFTS, all_words, misplaced_texts

EIGHT = [*SHIFTS, "gaussian_noise-12.5", "plasma-4.0", "checkerboard-4.0", "fog-1.0"]


def tables(shifts=SHIFTS, sizes=None) -> tuple[pd.DataFrame, pd.DataFrame]:
    sizes = sizes or {"CNN": 8, "ViT": 4}
    generator = np.random.default_rng(0)
    rows, cells = [], []
    for shift in shifts:
        for first, second in combinations_with_replacement(sizes, 2):
            middle = np.nan if first == second and sizes[first] < 2 else generator.uniform(-0.02, 0.1)
            values = {"covariance": middle, "covariance_low": middle - 0.01, "covariance_high": middle + 0.02}
            rows.append({"shift": shift, "first": first, "second": second, **values})
        first, second = list(sizes)[:2]
        counts = generator.integers(0, 900, (sizes[first] + 1, sizes[second] + 1))
        counts[0, 1] = 0
        cells += [
            {"shift": shift, "first": first, "second": second, "first_failing": a, "second_failing": b, "images": n}
            for (a, b), n in np.ndenumerate(counts)
        ]
    return pd.DataFrame(rows), pd.DataFrame(cells)


@pytest.mark.parametrize(
    ("shifts", "sizes"),
    [(SHIFTS, None), (EIGHT, None), (["clean"], {"CNN": 1, "ViT": 1}), (EIGHT[:5], {"convolutional": 9, "tokens": 2})],
)
def test_texts_are_legible(shifts, sizes) -> None:
    figure = difficulty_functions.draw(*tables(shifts, sizes), *(sizes or {"CNN": 8, "ViT": 4}))
    assert misplaced_texts(figure) == []


def test_cells_and_covariances_are_the_tables() -> None:
    table, joint = tables()
    figure = difficulty_functions.draw(table, joint, "CNN", "ViT")
    panels = [axes for axes in figure.findobj(lambda artist: hasattr(artist, "collections")) if axes.get_title("left")]
    counts = panels[2].collections[0].get_array()
    own = joint[joint["shift"] == SHIFTS[2]].pivot(index="second_failing", columns="first_failing", values="images")
    np.testing.assert_array_equal(counts.filled(0).reshape(own.shape), own)
    assert counts.mask.reshape(own.shape)[1, 0]  # an empty cell is no image, not one of the darkest
    marks = [line for axes in figure.findobj(lambda a: hasattr(a, "containers")) for line in axes.containers]
    between = table[(table["first"] == "CNN") & (table["second"] == "ViT")]
    np.testing.assert_allclose(marks[1].lines[0].get_ydata(), between["covariance"] * 100)
    assert "CNN with ViT" in all_words(figure)


def test_families_that_are_not_there_are_refused() -> None:
    with pytest.raises(UserError, match="compares CNN and ViT, not CNN and NAS"):
        difficulty_functions.draw(*tables(), "CNN", "NAS")
