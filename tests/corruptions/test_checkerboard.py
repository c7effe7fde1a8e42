import numpy as np
import pytest

from heterodox.corruptions import checkerboard, interface


def test_grey_share_is_that_of_the_original() -> None:
    count = 200
    parameters = interface.draw_parameters("checkerboard-4.0", "toy", 1, np.arange(count), (224, 224, 1))
    result = interface.apply("checkerboard", np.zeros((count, 224, 224, 1), np.uint8), parameters)
    shares = (result == 128).mean(axis=(1, 2, 3))
    # One image's share scatters by 0.058, the mean of two hundred by 0.004.
    assert abs(shares.mean() - 0.199) < 0.013
    assert 0.045 < shares.std() < 0.07


@pytest.mark.parametrize(("severity", "share"), [("10.0", 0.5), ("0.001", 0.0)])
def test_only_one_colour_of_the_board_can_be_cut(severity: str, share: float) -> None:
    parameters = interface.draw_parameters(f"checkerboard-{severity}", "toy", 1, np.arange(40), (96, 96, 3))
    result = checkerboard.apply(np.zeros((40, 96, 96, 3), np.uint8), parameters)
    assert abs((result == 128).mean() - share) < 0.02


def test_a_board_wider_than_its_cells_repeats() -> None:
    parameters = interface.draw_parameters("checkerboard-4.0", "toy", 1, np.arange(20), (8, 100, 1))
    result = checkerboard.apply(np.zeros((20, 8, 100, 1), np.uint8), parameters)
    assert set(np.unique(result)) == {0, 128}
