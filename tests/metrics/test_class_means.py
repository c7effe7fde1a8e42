import numpy as np
import pytest
from sklearn.decomposition import PCA

from heterodox.metrics.class_means import block_heat, layer_heat, principal_plane


def test_heat_is_the_mean_of_z_scores():
    generator = np.random.default_rng(1)
    layers = [generator.normal(3, 2, (4, 7)), generator.normal(-1, 5, (4, 3)), generator.normal(size=(4, 5))]
    scored = [(layer - layer.mean()) / layer.std() for layer in layers]
    names, heat = block_heat(layers, ["stem", "cell 1", "cell 1"])
    assert names == ["stem", "cell 1"]
    assert heat[:, 0] == pytest.approx(scored[0].mean(axis=1))
    assert heat[:, 1] == pytest.approx(np.concatenate(scored[1:], axis=1).mean(axis=1))
    assert heat.mean(axis=0) == pytest.approx([0, 0])


def test_a_constant_layer_is_cold():
    assert layer_heat(np.full((3, 4), 7.0)).tolist() == [0, 0, 0]


def test_plane_is_that_of_sklearns_pca():
    vectors = np.random.default_rng(4).normal(size=(10, 300)) * np.linspace(3, 1, 300)
    plane = principal_plane(vectors @ vectors.T)
    pca = PCA(2).fit(vectors)
    expected = pca.transform(vectors)
    for axis in range(2):
        found, other = plane.coordinates[:, axis], expected[:, axis]
        assert np.abs(found) == pytest.approx(np.abs(other))
        assert abs(found @ other) == pytest.approx(found @ found)
        assert found[np.abs(found).argmax()] > 0
    assert plane.explained == pytest.approx(pca.explained_variance_ratio_)


def test_equal_vectors_lie_in_one_point():
    plane = principal_plane(np.ones((3, 3)))
    assert plane.coordinates == pytest.approx(0, abs=1e-7)
    assert plane.explained.tolist() == [0, 0]
