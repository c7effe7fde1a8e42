from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.networks import feature_extraction, loading
from heterodox.networks.backbones import without_classifier
from heterodox.networks.feature_extraction import extract
from heterodox.storage.features import Backbone, FeatureFile
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.rows import State

IDENTITY = Backbone("vgg", "small", "penultimate", "digest")
IMAGES = np.random.default_rng(0).integers(0, 256, (23, 28, 28, 1), dtype=np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> ImageFile:
    with write_images(tmp_path / "images.h5", (28, 28, 1), np.arange(23) % 2, 100 + np.arange(23), ["a", "b"]) as file:
        file.append(IMAGES)
    return ImageFile(tmp_path / "images.h5")


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return loading.build("vgg", (1, 28, 28), 2, seed=3).eval()


@pytest.fixture
def backbone(network) -> loading.Member:
    return loading.Member(without_classifier(network), [0.2], [0.5], (28, 28)).eval()


def test_features_are_those_of_the_network_whatever_the_batch(tmp_path, images, backbone, network):
    pixels = (torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255 - 0.2) / 0.5
    with torch.no_grad():
        expected = loading.features(network, pixels).numpy()
    for size in (None, 5):
        extract(backbone, IDENTITY, images, tmp_path / "f.h5", batch_size=size)
        with FeatureFile(tmp_path / "f.h5") as found:
            np.testing.assert_allclose(found.features(), expected, rtol=1e-4, atol=1e-5)
            assert found.backbone == IDENTITY
            assert found.classes == ["a", "b"]
            np.testing.assert_array_equal(found.index, 100 + np.arange(23))


def test_features_of_some_rows(tmp_path, images, backbone):
    rows = np.array([2, 3, 11, 22])
    extract(backbone, IDENTITY, images, tmp_path / "whole.h5", batch_size=3)
    extract(backbone, IDENTITY, images, tmp_path / "some.h5", rows, batch_size=3)
    with FeatureFile(tmp_path / "whole.h5") as whole, FeatureFile(tmp_path / "some.h5") as some:
        np.testing.assert_allclose(some.features(), whole.features()[rows], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(some.labels, whole.labels[rows])
        np.testing.assert_array_equal(some.index, whole.index[rows])


def test_an_extraction_that_was_killed_goes_on_and_ends_the_same(tmp_path, images, backbone, monkeypatch):
    extract(backbone, IDENTITY, images, tmp_path / "whole.h5", batch_size=5)
    state = State(tmp_path / "state" / "f.h5", "ours", seconds=0)
    compute, seen = feature_extraction._features, []

    def failing(*values):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(len(values[1]))
        return compute(*values)

    monkeypatch.setattr(feature_extraction, "_features", failing)
    with pytest.raises(KeyboardInterrupt):
        extract(backbone, IDENTITY, images, tmp_path / "f.h5", batch_size=5, state=state)
    assert not (tmp_path / "f.h5").exists()
    monkeypatch.setattr(
        feature_extraction, "_features", lambda *values: seen.append(len(values[1])) or compute(*values)
    )
    extract(backbone, IDENTITY, images, tmp_path / "f.h5", batch_size=5, state=state)
    assert seen == [5, 5, 5, 5, 3]
    assert (tmp_path / "f.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_other_channels_and_broken_backbones_are_one_line(tmp_path, images, backbone):
    coloured = loading.Member(backbone.network, [0.2] * 3, [0.5] * 3, (28, 28))
    with pytest.raises(UserError, match=r"images.h5: 1 channels, but the backbone takes 3"):
        extract(coloured, IDENTITY, images, tmp_path / "f.h5")
    broken = loading.Member(backbone.network, [float("nan")], [0.5], (28, 28)).eval()
    with pytest.raises(UserError, match="features that are not finite; train it again"):
        extract(broken, IDENTITY, images, tmp_path / "f.h5")
    assert not (tmp_path / "f.h5").exists()
