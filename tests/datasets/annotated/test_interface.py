from pathlib import Path

import numpy as np
import pytest

from heterodox.datasets.annotated import interface
from heterodox.datasets.annotated.birds import official_parts
from heterodox.errors import UserError
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.rows import State

SOURCE = {"source": "birds", "size": 64, "images": {"train": 5, "validation": 2, "test": 3}}


def test_sources_are_the_files_of_the_folder() -> None:
    assert interface.names() == ["birds", "cub", "isic", "part_imagenet"]
    with pytest.raises(UserError, match="source 'fish' is unknown; there are birds, cub, isic, part_imagenet"):
        interface.load("fish")


def test_files_hold_what_the_source_draws(tmp_path: Path) -> None:
    paths = {split: tmp_path / f"{split}.h5" for split in interface.SPLITS}
    states = {split: State(tmp_path / "state" / f"{split}.h5", "same", seconds=0) for split in paths}
    interface.prepare(SOURCE, "flock", "study", 4, paths, states)
    for split, part in official_parts(SOURCE, "flock", 4).items():
        drawn = part.annotated(np.arange(len(part)))
        with AnnotatedFile(paths[split]) as file:
            np.testing.assert_array_equal(file.images(), drawn.images)
            np.testing.assert_array_equal(file.labels, part.labels)
            np.testing.assert_array_equal(file.attribute("wing"), part.attributes["wing"])
            np.testing.assert_array_equal(file.masks("bill"), drawn.masks["bill"])
            np.testing.assert_array_equal(file.key_points("crest"), drawn.key_points["crest"])
            np.testing.assert_array_equal(file.parameters()["x"], drawn.parameters["x"])
            assert file.attributes["split"] == split
            assert file.attributes["seed"] == 4
    assert not list((tmp_path / "state").iterdir())


def test_a_source_tells_only_the_attributes_asked_for() -> None:
    told = interface.splits(SOURCE | {"attributes": ["wing"]}, "flock", 1)["test"]
    assert list(told.values) == list(told.attributes) == ["wing"]
    assert interface.splits(SOURCE | {"attributes": []}, "flock", 1)["test"].attributes == {}
    assert "family" in interface.splits(SOURCE | {"attributes": None}, "flock", 1)["test"].attributes
    with pytest.raises(UserError, match="attribute beak: there is none; these images have bill, wing"):
        interface.splits(SOURCE | {"attributes": ["beak"]}, "flock", 1)
