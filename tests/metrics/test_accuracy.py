import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import top_k_accuracy_score

from heterodox.metrics.accuracy import top_k_accuracy

LOGITS = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 1.0]])


@pytest.mark.parametrize(("k", "expected"), [(1, 1 / 3), (2, 2 / 3), (3, 1.0)])
def test_by_hand(k, expected):
    # Ranks of the labels: 0; 2; and 1, because class 0 has the same logit and a lower index.
    assert top_k_accuracy(LOGITS, np.array([0, 0, 1]), k) == pytest.approx(expected)


def test_agrees_with_scikit_learn_and_arg_max():
    generator = np.random.default_rng(3)
    logits, labels = generator.normal(size=(200, 10)), generator.integers(0, 10, 200)
    for k in (2, 5):
        assert top_k_accuracy(logits, labels, k) == top_k_accuracy_score(labels, logits, k=k)
    assert top_k_accuracy(logits, labels) == (logits.argmax(1) == labels).mean()


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 10**6))
def test_grows_with_k_up_to_one_even_with_ties(images, classes, seed):
    generator = np.random.default_rng(seed)
    logits, labels = generator.integers(0, 3, (images, classes)), generator.integers(0, classes, images)
    values = [top_k_accuracy(logits, labels, k) for k in range(1, classes + 1)]
    assert values == sorted(values)
    assert values[-1] == 1
    assert values[0] == (logits.argmax(1) == labels).mean()


def test_no_images_have_no_accuracy():
    assert np.isnan(top_k_accuracy(np.zeros((0, 3)), np.zeros(0, int)))
