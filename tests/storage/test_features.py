import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.storage.features import Backbone, FeatureFile, read_features, weights_digest, write_features

BACKBONE = Backbone("resnet", "small", "penultimate", "0123456789abcdef")
VALUES = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)


def write(path: Path, values: np.ndarray = VALUES, backbone: Backbone = BACKBONE) -> Path:
    count = len(values)
    with write_features(path, np.arange(count) % 2, 10 + np.arange(count), ["a", "b"], backbone) as writer:
        for start in range(0, count, 3):
            writer.append(values[start : start + 3])
    return path


def test_what_is_written_is_read(tmp_path):
    found = read_features(write(tmp_path / "f.h5"))
    np.testing.assert_array_equal(found.values, VALUES)
    np.testing.assert_array_equal(found.labels, np.arange(7) % 2)
    np.testing.assert_array_equal(found.index, 10 + np.arange(7))
    assert found.classes == ("a", "b")
    assert found.backbone == BACKBONE
    assert len(found) == 7
    with FeatureFile(tmp_path / "f.h5") as file:
        np.testing.assert_array_equal(file.features(2, 4), VALUES[2:4])


@pytest.mark.parametrize("change", [{"digest": "fedcba9876543210"}, {"model": "resnet50"}, {"arch": "vgg"}])
def test_features_of_another_backbone_are_one_line(tmp_path, change):
    first = read_features(write(tmp_path / "train.h5"))
    write(tmp_path / "ood.h5", backbone=replace(BACKBONE, **change))
    with pytest.raises(UserError) as error:
        read_features(tmp_path / "ood.h5", like=first)
    assert str(error.value).startswith(f"{tmp_path}/ood.h5: features of another backbone (")
    assert str(error.value).endswith("run again")
    assert "\n" not in str(error.value)


def test_missing_empty_and_damaged_files_are_one_line(tmp_path):
    with pytest.raises(UserError, match="there is no such feature file"):
        read_features(tmp_path / "none.h5")
    with pytest.raises(UserError, match="holds no images"):
        read_features(write(tmp_path / "empty.h5", VALUES[:0]))
    values = VALUES.copy()
    values[3, 1] = np.nan
    with pytest.raises(UserError, match="NaN or infinite features"):
        read_features(write(tmp_path / "nan.h5", values))
    path = write(tmp_path / "f.h5")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UserError, match="truncated or damaged"):
        read_features(path)


@pytest.mark.parametrize(
    ("attributes", "dtype", "fault"),
    [
        ({"classes": "[]"}, np.float32, "does not say which classes and backbone"),
        ({"backbone": "{}", "classes": "[]"}, np.float32, "does not say which classes and backbone"),
        ({"backbone": json.dumps(vars(BACKBONE)), "classes": "[]"}, np.float64, "must be float32"),
    ],
)
def test_files_that_are_no_features(tmp_path, attributes, dtype, fault):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["features"], file["labels"], file["index"] = VALUES.astype(dtype), np.arange(7), np.arange(7)
        file.attrs.update(attributes)
    with pytest.raises(UserError, match=fault):
        read_features(tmp_path / "f.h5")


def test_a_digest_knows_names_shapes_types_and_values_but_no_order():
    tensors = {"a": torch.arange(4.0), "b": torch.ones(2)}
    digest = weights_digest(tensors)
    assert digest == weights_digest(dict(reversed(tensors.items())))
    others = [
        {"a": torch.arange(4.0), "c": torch.ones(2)},
        {"a": torch.arange(4.0).reshape(2, 2), "b": torch.ones(2)},
        {"a": torch.arange(4.0), "b": torch.tensor([1.0, 1.0000001])},
        {"a": torch.arange(4.0).to(torch.int32), "b": torch.ones(2)},
    ]
    assert len({digest, *map(weights_digest, others)}) == 5
