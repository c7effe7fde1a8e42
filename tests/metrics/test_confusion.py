import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import confusion_matrix as sklearns

from heterodox.metrics.confusion import closest_pair, confusion_matrix, folded, pair_correlation


def test_matrix_is_sklearns():
    generator = np.random.default_rng(0)
    labels, predictions = generator.integers(0, 5, (2, 300))
    assert (confusion_matrix(labels, predictions, 6) == sklearns(labels, predictions, labels=range(6))).all()


def test_folding_by_hand():
    assert folded(np.array([[5, 1, 0], [2, 7, 3], [4, 0, 9]])).tolist() == [[5, 3, 4], [3, 7, 3], [4, 3, 9]]


def test_correlation_over_pairs_with_and_without_the_diagonal():
    generator = np.random.default_rng(2)
    half = np.triu(generator.uniform(size=(6, 6)), 1)
    distances, confusion = half + half.T, generator.integers(0, 9, (6, 6))
    for diagonal in (False, True):
        pairs = [(i, j) for i in range(6) for j in range(i + (not diagonal), 6)]
        near = [-distances[i, j] for i, j in pairs]
        taken = [confusion[i, j] + (confusion[j, i] if i != j else 0) for i, j in pairs]
        found = pair_correlation(distances, confusion, diagonal)
        assert found.pearson == pytest.approx(pearsonr(near, taken)[0])
        assert found.spearman == pytest.approx(spearmanr(near, taken)[0])


def test_closest_pair():
    distances = np.array([[0, 0.5, 0.2], [0.5, 0, 0.1], [0.2, 0.1, 0]])
    assert closest_pair(distances) == (1, 2)
