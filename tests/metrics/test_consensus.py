import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax as scipy_log_softmax
from scipy.stats import gmean

from heterodox.metrics.consensus import (
    CONSENSUS,
    geometric_mean,
    log_softmax,
    majority_vote,
    mean_logit,
    mean_probability,
    median_logit,
)


def one_image(*members):
    return np.array(members, np.float32)[:, None]


def test_each_rule_by_hand():
    # Sums 6, 5, 4; medians 1, 2, 2 (the lower index of the two); votes: class 0 once, class 1 once, class 2 once.
    logits = one_image([4, 2, 0], [1, 3, 2], [1, 0, 2])
    assert mean_logit(logits).tolist() == [0]
    assert median_logit(logits).tolist() == [1]
    assert majority_vote(logits).tolist() == [0]  # all tied: the highest mean logit decides


def test_probabilities_forgive_a_confident_member_where_logits_do_not():
    logits = one_image([0, 9, 0], [2, 0, 0], [2, 0, 0])
    assert mean_logit(logits).tolist() == [1]
    assert mean_probability(logits).tolist() == [0]


def test_a_majority_beats_the_mean_logit():
    assert majority_vote(one_image([0, 50], [1, 0], [1, 0])).tolist() == [0]


def test_a_tied_vote_goes_to_the_higher_mean_logit_among_the_tied():
    # Class 2 has the highest mean logit but no vote; between 0 and 1, class 1 has more.
    assert majority_vote(one_image([5, 0, 4], [0, 6, 5])).tolist() == [1]


def test_remaining_ties_go_to_the_lowest_index():
    tie = one_image([0, 3, 0], [0, 0, 3])
    assert [CONSENSUS[name](tie).tolist() for name in ("mean_logit", "median_logit", "majority_vote")] == [[1]] * 3


def test_log_softmax_agrees_with_scipy_even_for_huge_logits():
    logits = np.random.default_rng(0).normal(size=(5, 7)) * 400
    np.testing.assert_allclose(log_softmax(logits), scipy_log_softmax(logits, axis=-1), rtol=1e-12)


def test_geometric_mean_is_the_geometric_mean_of_probabilities_and_decides_as_the_mean_logit():
    logits = np.random.default_rng(1).normal(size=(4, 500, 9))
    literal = gmean(np.exp(log_softmax(logits)), axis=0).argmax(axis=-1)
    assert (geometric_mean(logits) == literal).all()
    assert (geometric_mean(logits) == mean_logit(logits)).all()


@pytest.mark.parametrize("name", CONSENSUS)
@given(members=st.integers(2, 5), seed=st.integers(0, 10**6))
def test_new_names_for_classes_rename_the_answer(name, members, seed):
    generator = np.random.default_rng(seed)
    logits, order = generator.normal(size=(members, 8, 5)), generator.permutation(5)
    assert (order[CONSENSUS[name](logits[..., order])] == CONSENSUS[name](logits)).all()


@pytest.mark.parametrize("name", CONSENSUS)
def test_members_of_one_opinion_are_followed(name):
    logits = np.random.default_rng(2).normal(size=(3, 100, 6))
    logits[..., 4] = logits.max(axis=-1) + 0.5
    assert (CONSENSUS[name](logits) == 4).all()
