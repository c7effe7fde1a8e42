import dataclasses

import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.inspections import read_inspection, read_inspections, write_inspection
from tests.figures.cells import inspections


def test_what_is_written_is_read(tmp_path) -> None:
    for member, one in inspections(2, 20).items():
        write_inspection(tmp_path / f"{member}.h5", one)
        found = read_inspection(tmp_path / f"{member}.h5")
        for item in dataclasses.fields(one):
            assert np.array_equal(getattr(found, item.name), getattr(one, item.name)), item.name
    assert list(read_inspections(sorted(tmp_path.glob("*.h5")))) == ["cell_01", "cell_02"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heat": np.zeros((10, 2))}, "'heat' has shape"),
        ({"gram": np.full((10, 10), np.nan)}, "'gram' holds NaN"),
        ({"distances": np.zeros((20, 3))}, "'distances' has shape"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, changes, words) -> None:
    write_inspection(tmp_path / "a.h5", dataclasses.replace(inspections(1, 20)["cell_01"], **changes))
    with pytest.raises(UserError, match=words):
        read_inspection(tmp_path / "a.h5")


def test_inspections_of_other_images_are_refused(tmp_path) -> None:
    one, other = inspections(2, 20).values()
    write_inspection(tmp_path / "a.h5", one)
    write_inspection(tmp_path / "b.h5", dataclasses.replace(other, index=other.index + 1))
    with pytest.raises(UserError, match="other images"):
        read_inspections([tmp_path / "a.h5", tmp_path / "b.h5"])
