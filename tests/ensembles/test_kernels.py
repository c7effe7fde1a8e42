import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heterodox.ensembles.kernels import RULES, judge
from heterodox.ensembles.subsets import subsets
from heterodox.metrics.consensus import CONSENSUS

# Softmax sums of tied logits differ in their last digit with the order of summation, so ties are left to the others.
TIED = ("mean_logit", "median_logit", "majority_vote")


def judged(logits, labels, names, k):
    """Return the members' classes (n, m), the verdicts (rules, n, e) and the member that was refused."""
    ensembles = subsets(len(logits), k).ensembles
    tops = np.full((len(labels), len(logits)), -1, np.int32)
    right = np.full((len(labels), len(names), len(ensembles)), 9, np.uint8)
    rules = np.array([RULES[name] for name in names])
    broken = judge(np.ascontiguousarray(logits, np.float32), labels, rules, ensembles, tops, right)
    return tops, right.swapaxes(0, 1), broken


def expected(logits, labels, names, k):
    ensembles = subsets(len(logits), k).ensembles
    return np.array([[CONSENSUS[name](logits[places]) == labels for places in ensembles] for name in names]).swapaxes(
        1, 2
    )


@pytest.mark.parametrize("k", [2, 3, 4, 5])
@pytest.mark.parametrize("levels", [2, 4, 9])
@pytest.mark.parametrize("classes", [2, 3, 17])
def test_verdicts_under_ties_are_those_of_the_plain_rules(quantised, k, levels, classes):
    logits, labels = quantised(m=6, n=200, c=classes, levels=levels, seed=k)
    tops, right, broken = judged(logits, labels, TIED, k)
    assert broken == -1
    assert np.array_equal(tops.T, logits.argmax(axis=2))
    assert (right == expected(logits, labels, TIED, k)).all()


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("signal", [0, 2, 5])
def test_verdicts_on_continuous_logits(k, signal):
    generator = np.random.default_rng(k)
    labels = generator.integers(0, 40, 300)
    shared = generator.normal(size=(300, 40)) + signal * np.eye(40)[labels]
    logits = (shared + 0.7 * generator.normal(size=(6, 300, 40))).astype(np.float32)
    _, right, _ = judged(logits, labels, list(CONSENSUS), k)
    assert (right == expected(logits, labels, list(CONSENSUS), k)).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(2, 4))
def test_any_small_pool(seed, levels, k):
    generator = np.random.default_rng(seed)
    logits = (generator.integers(-levels, levels + 1, (5, 6, 4)) * generator.choice([0.5, 3, -0.0])).astype(np.float32)
    labels = generator.integers(0, 4, 6)
    _, right, _ = judged(logits, labels, TIED, k)
    assert (right == expected(logits, labels, TIED, k)).all()


def test_both_zeros_are_one_number():
    logits = np.zeros((3, 1, 3), np.float32)
    logits[:, 0, 0] = -0.0
    tops, right, _ = judged(logits, np.array([0]), TIED, 3)
    assert (tops == 0).all()
    assert (right == 1).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (2, 7, 3), (4, 9, 4)])
def test_the_member_with_a_broken_logit_is_named(quantised, value, place):
    logits, labels = quantised(m=5, n=10)
    logits[place] = value
    assert judged(logits, labels, TIED, 3)[2] == place[0]


def test_two_infinities_that_cancel_are_found(quantised):
    logits, labels = quantised(m=5, n=10)
    logits[1, 3, 2], logits[3, 3, 2] = np.inf, -np.inf
    assert judged(logits, labels, TIED, 3)[2] == 1


def test_huge_but_finite_logits_are_no_fault(quantised):
    logits, labels = quantised(m=5, n=50)
    logits = (logits - 1.5) * np.float32(1e38)
    _, right, broken = judged(logits, labels, TIED, 3)
    assert broken == -1
    assert (right == expected(logits, labels, TIED, 3)).all()
