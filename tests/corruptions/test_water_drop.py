import numpy as np

from heterodox.corruptions import interface, water_drop


def test_radial_shift_is_that_of_the_original() -> None:
    count = 100
    parameters = interface.draw_parameters("water_drop-7.0", "toy", 1, np.arange(count), (224, 224, 1))
    rows, columns = np.mgrid[:224, :224]
    largest, mean = [], []
    for row in range(count):
        one = {name: values[row : row + 1] for name, values in parameters.items()}
        source_rows, source_columns = water_drop.sources(np.zeros((1, 224, 224, 1), np.uint8), one)
        shift = np.hypot(source_rows[0] - rows, source_columns[0] - columns)
        distance = np.hypot(rows - one["centre_row"], columns - one["centre_column"])
        assert not shift[distance > 112].any()
        largest.append(shift.max())
        mean.append(shift[distance <= 112].mean())
    # At most the amplitude times the longest wavelength: 0.175 * 0.2 * 224.
    assert 7.4 < max(largest) <= 7.84
    assert abs(np.mean(mean) - 3.12) < 0.4


def test_nothing_moves_at_the_centre_and_outside_is_black() -> None:
    parameters = {"centre_row": 8, "centre_column": 8, "radius": 8, "wavelength": 3.0, "phase": 1.0, "amplitude": 0.5}
    one = {name: np.array([value]) for name, value in parameters.items()}
    white = np.full((1, 17, 17, 1), 255, np.uint8)
    rows, columns = water_drop.sources(white, one)
    assert (rows[0, 8, 8], columns[0, 8, 8]) == (8, 8)
    assert (rows[0, 0, 0], columns[0, 0, 0]) == (0, 0)
    one["amplitude"], one["phase"] = np.array([100.0]), np.array([-np.pi / 2])
    result = water_drop.apply(white, one)
    assert result.min() == 0
    assert result[0, 0, 0] == 255
