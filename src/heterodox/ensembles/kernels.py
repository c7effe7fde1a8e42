"""Compiled loops: which ensembles are right about which image, and the counts every metric is made of.

Two facts keep the work per image small; both hold for every consensus here. (1) Class j cannot win an ensemble if
another class f has a higher logit at every member (or an equal one and a lower index): f then wins in every
ensemble. (2) An ensemble is right unless some class beats the label, so only classes that beat it at one member
matter. They leave a handful of `rivals`; sums over them run in float64 in the order of the members.
"""

import math

import numpy as np
from numba import njit

MEAN_LOGIT, MEAN_PROBABILITY, MEDIAN_LOGIT, MAJORITY_VOTE = range(4)
RULES = {
    "mean_logit": MEAN_LOGIT,
    "geometric_mean": MEAN_LOGIT,  # same arg max: see metrics.consensus
    "mean_probability": MEAN_PROBABILITY,
    "median_logit": MEDIAN_LOGIT,
    "majority_vote": MAJORITY_VOTE,
}


LARGEST = np.finfo(np.float32).max
LOWEST = np.int32(np.iinfo(np.int32).min)

# Elements are addressed by index throughout: a view made inside a hot loop costs more than the arithmetic.
compiled = njit(cache=True, nogil=True)


@compiled
def _ordered(bits):
    """Map a float's bits to an integer of the same order, both zeros to 0: integers have a vector maximum."""
    return bits if bits >= 0 else np.int32(LOWEST - bits)


@compiled
def _top(row):
    """Return the first index of the highest value."""
    bits = row.view(np.int32)
    best = LOWEST
    for j in range(len(bits)):
        best = max(best, _ordered(bits[j]))
    for j in range(len(bits)):
        if _ordered(bits[j]) == best:
            return j
    return 0


@compiled
def _mark_rivals(logits, a, i, label, rival, total):
    """Flag the classes that beat the label at member a, add its logits to the total; return whether one was flagged."""
    own = logits[a, i, label]
    found = np.int32(0)
    # Unsigned: an index that could be negative keeps the loop from becoming vector instructions.
    border, end = np.uint64(label), np.uint64(logits.shape[2])
    for j in range(border):
        beats = np.int32(logits[a, i, j] >= own)
        rival[j] |= beats
        found |= beats
        total[j] += logits[a, i, j]
    for j in range(border, end):
        beats = np.int32(logits[a, i, j] > own)
        rival[j] |= beats
        found |= beats
        total[j] += logits[a, i, j]
    return found != 0


@compiled
def _is_finite(row):
    broken = np.int32(0)
    for j in range(len(row)):
        broken |= np.int32(not (abs(row[j]) <= LARGEST))
    return broken == 0


@compiled
def _broken_member(logits, i):
    """Return the first member whose logits hold NaN or infinity, -1 if it was their sum that overflowed."""
    for a in range(len(logits)):
        if not _is_finite(logits[a, i]):
            return a
    return -1


@compiled
def _dominates(logits, i, f, j):
    """Say whether class f beats class j at every member."""
    for a in range(len(logits)):
        if not (logits[a, i, f] > logits[a, i, j] or (logits[a, i, f] == logits[a, i, j] and f < j)):
            return False
    return True


@compiled
def _gather_rivals(logits, i, label, favourite, rival, classes, values):
    """Collect the rivals that the favourite does not dominate, by rising class; return how many, and those below label.

    `values` (rivals + 1, m) gets their logits as float64, the label's last.
    """
    n = lower = 0
    for j in range(len(rival)):
        if rival[j] and (j == favourite or not _dominates(logits, i, favourite, j)):
            classes[n] = j
            n += 1
            lower += j < label
    classes[n] = label
    for q in range(n + 1):
        for a in range(len(logits)):
            values[q, a] = logits[a, i, classes[q]]
    return n, lower


@compiled
def _votes(tops, i, combinations, e, label):
    votes = 0
    for q in range(combinations.shape[1]):
        votes += tops[i, combinations[e, q]] == label
    return votes


@compiled
def _sum(values, j, combinations, e):
    total = 0.0
    for q in range(combinations.shape[1]):
        total += values[j, combinations[e, q]]
    return total


@compiled
def _label_has_highest_sum(values, n, lower, combinations, e):
    own = _sum(values, n, combinations, e)
    for j in range(n):
        score = _sum(values, j, combinations, e)
        if score > own or (score == own and j < lower):
            return False
    return True


@compiled
def _twice_median(values, j, combinations, e, ordered):
    k = combinations.shape[1]
    for q in range(k):
        value = values[j, combinations[e, q]]
        place = q
        while place > 0 and ordered[place - 1] > value:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = value
    return ordered[(k - 1) // 2] + ordered[k // 2]


@compiled
def _label_has_highest_median(values, n, lower, combinations, e, ordered):
    own = _twice_median(values, n, combinations, e, ordered)
    for j in range(n):
        score = _twice_median(values, j, combinations, e, ordered)
        if score > own or (score == own and j < lower):
            return False
    return True


@compiled
def _logit_sum(logits, i, j, combinations, e):
    total = 0.0
    for q in range(combinations.shape[1]):
        total += np.float64(logits[combinations[e, q], i, j])
    return total


@compiled
def _label_wins_vote(logits, i, label, own_votes, tops, combinations, e):
    """Majority vote where the label has neither none nor more than half of the votes."""
    own = _logit_sum(logits, i, label, combinations, e)
    for q in range(combinations.shape[1]):
        top = tops[i, combinations[e, q]]
        votes = 0 if top == label else _votes(tops, i, combinations, e, top)
        if votes > own_votes:
            return False
        if votes == own_votes:
            score = _logit_sum(logits, i, top, combinations, e)
            if score > own or (score == own and top < label):
                return False
    return True


@compiled
def _fill_probabilities(logits, i, tops, classes, n, probabilities):
    """Softmax probabilities (n + 1, m) of the classes listed, in float64."""
    for a in range(len(logits)):
        highest = np.float64(logits[a, i, tops[i, a]])
        total = 0.0
        for j in range(logits.shape[2]):
            total += math.exp(logits[a, i, j] - highest)
        for q in range(n + 1):
            probabilities[q, a] = math.exp(logits[a, i, classes[q]] - highest) / total


@compiled
def _fill_votes(logits, i, label, tops, combinations, right):
    k = combinations.shape[1]
    for e in range(len(combinations)):
        votes = _votes(tops, i, combinations, e, label)
        clear = votes == 0 or 2 * votes > k
        right[e] = votes > 0 if clear else _label_wins_vote(logits, i, label, votes, tops, combinations, e)


@compiled
def _fill_scores(rule, values, n, lower, i, label, tops, combinations, right):
    """Consensus by sum or median of `values`; where all members name the label it wins, whatever the rule."""
    k = combinations.shape[1]
    ordered = np.empty(k)
    for e in range(len(combinations)):
        if _votes(tops, i, combinations, e, label) == k:
            right[e] = 1
        elif rule == MEDIAN_LOGIT:
            right[e] = _label_has_highest_median(values, n, lower, combinations, e, ordered)
        else:
            right[e] = _label_has_highest_sum(values, n, lower, combinations, e)


@compiled
def _decide(logits, i, label, favourite, rival, rules, combinations, scratch, tops, right):
    """Fill right (r, e) for an image on which the members differ."""
    classes, values, probabilities = scratch
    n, lower = _gather_rivals(logits, i, label, favourite, rival, classes, values)
    for r in range(len(rules)):
        if rules[r] == MAJORITY_VOTE:
            _fill_votes(logits, i, label, tops, combinations, right[r])
        elif rules[r] == MEAN_PROBABILITY:
            _fill_probabilities(logits, i, tops, classes, n, probabilities)
            _fill_scores(rules[r], probabilities, n, lower, i, label, tops, combinations, right[r])
        else:
            _fill_scores(rules[r], values, n, lower, i, label, tops, combinations, right[r])


@compiled
def _all_equal(tops, i):
    equal = 0
    for a in range(tops.shape[1]):
        equal += tops[i, a] == tops[i, 0]
    return equal == tops.shape[1]


@compiled
def judge(logits, labels, rules, combinations, tops, right):
    """Decide every image for every rule and ensemble; return the member with broken logits, or -1.

    `logits` (m, n, classes) float32, `labels` (n,), `rules` (r,) of the constants above, `combinations` (e, k).
    Fills `tops` (n, m) with each member's class and `right` (n, r, e) with 0 or 1.
    """
    m, n, c = logits.shape
    rival, total = np.empty(c, np.int32), np.empty(c, np.float32)
    scratch = (np.empty(c, np.int32), np.empty((c, m)), np.empty((c, m)))
    for i in range(n):
        label = labels[i]
        rival[:] = 0
        total[:] = 0
        for a in range(m):
            tops[i, a] = _top(logits[a, i]) if _mark_rivals(logits, a, i, label, rival, total) else label
        if not _is_finite(total):
            broken = _broken_member(logits, i)
            if broken >= 0:
                return broken
        favourite = _top(total)
        if _all_equal(tops, i):
            right[i] = tops[i, 0] == label
        elif favourite != label and _dominates(logits, i, favourite, label):
            right[i] = 0
        else:
            _decide(logits, i, label, favourite, rival, rules, combinations, scratch, tops, right[i])
    return -1


@compiled
def _fill_sizes(same, pair_of, combinations, e, p, sizes):
    """For every image, how many members of ensemble e name the class that its p-th member names."""
    sizes[:] = 1
    for q in range(combinations.shape[1]):
        if q != p:
            pair = pair_of[combinations[e, p], combinations[e, q]]
            for i in range(len(sizes)):
                sizes[i] += same[pair, i]


@compiled
def _count_equal(values, value):
    total = np.int32(0)
    for i in range(len(values)):
        total += np.int32(values[i] == value)
    return total


@compiled
def _count_equal_where(values, value, where):
    total = np.int32(0)
    for i in range(len(values)):
        total += np.int32(values[i] == value) & np.int32(where[i])
    return total


@compiled
def count(same, pair_of, right, combinations, groups):
    """Add a chunk's votes to `groups` (r, 2, e, k + 1), int64: how many votes stood in a group of 0..k equal ones.

    Over the images that the ensemble gets wrong [:, 0] and right [:, 1]. `same` (pairs, n) uint8 says where two
    members name one class, `pair_of` (m, m) is a pair's row in it, `right` (r, e, n) uint8.
    """
    k, n = combinations.shape[1], same.shape[1]
    sizes = np.empty(n, np.uint8)
    for e in range(len(combinations)):
        # Every vote first counts as one that stands alone; larger groups then take theirs.
        for r in range(len(right)):
            number_right = _count_equal(right[r, e], 1)
            groups[r, 0, e, 1] += k * (n - number_right)
            groups[r, 1, e, 1] += k * number_right
        for p in range(k):
            _fill_sizes(same, pair_of, combinations, e, p, sizes)
            for size in range(2, k + 1):
                everywhere = _count_equal(sizes, size)
                for r in range(len(right)):
                    where_right = _count_equal_where(sizes, size, right[r, e])
                    groups[r, 0, e, size] += everywhere - where_right
                    groups[r, 0, e, 1] -= everywhere - where_right
                    groups[r, 1, e, size] += where_right
                    groups[r, 1, e, 1] -= where_right
