from pathlib import Path

import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.networks.tasks import Task, attribute_task, known, presence_task, targets, task_from
from heterodox.storage.annotations import AnnotatedFile
from tests.training.annotated_toy import write_toy


def test_targets_are_classes_attributes_and_masks_that_are_not_empty(tmp_path: Path) -> None:
    with AnnotatedFile(write_toy(tmp_path / "toy.h5", 20, unknown=3)) as images:
        species, side = attribute_task(images, "species"), attribute_task(images, "side")
        assert (species.outputs[0], species.columns, side.outputs) == ("left dark", 1, ("left", "right"))
        np.testing.assert_array_equal(targets(images, species)[:, 0], images.labels)
        np.testing.assert_array_equal(targets(images, side)[:, 0], images.attribute("side"))
        np.testing.assert_array_equal(known(targets(images, side)), np.arange(3, 20))
        marks = presence_task("marks", ["dot", "bar"])
        expected = [[images.masks(part)[row].any() for part in ("dot", "bar")] for row in range(20)]
        np.testing.assert_array_equal(targets(images, marks), expected)
        assert marks.columns == 2


def test_what_the_images_do_not_know_is_one_line(tmp_path: Path) -> None:
    with AnnotatedFile(write_toy(tmp_path / "toy.h5", 4)) as images:
        with pytest.raises(UserError, match="there is no attribute bill; it has side, family"):
            attribute_task(images, "bill")
        with pytest.raises(UserError, match="there are no masks of eye"):
            targets(images, presence_task("marks", ["eye"]))
        with pytest.raises(UserError, match="its values of side are not those that are learned"):
            targets(images, Task("side", ("up", "down")))


def test_a_task_survives_its_description() -> None:
    task = Task("marks", ("one", "two"), multi_label=True)
    assert task_from(task.described()) == task
