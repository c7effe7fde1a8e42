"""The streamed tables against plain loops over images, members and classes."""

from itertools import combinations
from math import ceil, exp, log, prod, sqrt

import h5py
import numpy as np
import pandas as pd
import pytest

from heterodox.ensembles import verdicts
from heterodox.ensembles.pool import Pool
from heterodox.ensembles.scoring import score
from heterodox.errors import UserError
from heterodox.storage.dumps import open_dumps

CONSENSUS = ("mean_logit", "mean_probability", "median_logit", "geometric_mean", "majority_vote")
METRICS = ("q_statistic", "rho", "entropy", "coincident_failure_diversity", "cosine", "kl")


def first_highest(scores):
    return max(range(len(scores)), key=lambda j: (scores[j], -j))


def decide(rule, rows):
    """Return the class that the members' rows (k lists of c logits) lead to."""
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    if rule == "mean_logit":
        return first_highest(means)
    if rule == "median_logit":
        return first_highest([float(np.median(column)) for column in zip(*rows, strict=True)])
    if rule in ("mean_probability", "geometric_mean"):
        columns = list(zip(*map(softmax, rows), strict=True))
        joined = [prod(column) ** (1 / len(rows)) if rule == "geometric_mean" else mean(column) for column in columns]
        return first_highest([round(value, 12) for value in joined])  # a tie on paper is one here
    votes = [first_highest(row) for row in rows]
    most = max(votes.count(vote) for vote in votes)
    return min((vote for vote in votes if votes.count(vote) == most), key=lambda j: (-means[j], j))


def equitability(votes):
    shares = [votes.count(vote) / len(votes) for vote in set(votes)]
    return -sum(share * log(share) for share in shares) / log(len(votes))


def softmax(row):
    total = sum(exp(value) for value in row)
    return [exp(value) / total for value in row]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def slow_pair(first, second, labels):
    """Return every pairwise measure of two members' logits, image by image."""
    right = [[first_highest(row) == y for row, y in zip(own, labels, strict=True)] for own in (first, second)]
    cells = [sum(a == x and b == y for a, b in zip(*right, strict=True)) for x in (True, False) for y in (True, False)]
    both, only_first, only_second, neither = cells
    same, different = both * neither, only_first * only_second
    spread = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    p, q = ([softmax(row) for row in own] for own in (first, second))
    products = [[sum(x * y for x, y in zip(a, b, strict=True)) for a, b in zip(u, v, strict=True)]
                for u, v in ((p, q), (p, p), (q, q))]  # fmt: skip
    return {
        "disagreement": (only_first + only_second) / len(labels),
        "label_disagreement": mean(first_highest(a) != first_highest(b) for a, b in zip(first, second, strict=True)),
        "q_statistic": (same - different) / (same + different) if same + different else float("nan"),
        "rho": (same - different) / sqrt(spread) if spread else float("nan"),
        "cosine": mean(1 - ab / sqrt(aa * bb) for ab, aa, bb in zip(*products, strict=True)),
        "kl": mean(sum((x - y) * (log(x) - log(y)) for x, y in zip(a, b, strict=True)) / 2
                   for a, b in zip(p, q, strict=True)),
    }  # fmt: skip


def slow_row(rule, places, logits, labels, pair_measures):
    """Return every measure of one ensemble; those of its pairs are given."""
    k, images = len(places), range(len(labels))
    votes = [[first_highest(logits[a][i]) for a in places] for i in images]
    right = [decide(rule, [logits[a][i] for a in places]) == labels[i] for i in images]
    own = [mean(votes[i][q] == labels[i] for i in images) for q in range(k)]
    number_right = [sum(vote == labels[i] for vote in votes[i]) for i in images]
    failing = [k - number for number in number_right if number < k]
    pairs = [pair_measures[pair] for pair in combinations(places, 2)]
    return {
        "consensus": rule,
        "k": k,
        "ensemble": "+".join(f"m{a}" for a in places),
        "accuracy": mean(right),
        "top_accuracy": max(own),
        "improvement": mean(right) - max(own),
        "equitability_correct": mean(equitability(votes[i]) for i in images if right[i]),
        "equitability_incorrect": mean(equitability(votes[i]) for i in images if not right[i]),
        "mean_member_accuracy": mean(own),
        "mean_member_accuracy_validation": mean(0.1 * a for a in places),
        "parameters": sum(1000 + a for a in places),
        "entropy": mean(min(number, k - number) / (k - ceil(k / 2)) for number in number_right),
        "coincident_failure_diversity": mean((k - number) / (k - 1) for number in failing) if failing else 0.0,
    } | {name: mean(pair[name] for pair in pairs) for name in pairs[0]}


def pool_of(m, **settings):
    names = [f"m{a}" for a in range(m)]
    facts = {
        "parameters": {name: 1000 + a for a, name in enumerate(names)},
        "validation_accuracy": {name: 0.1 * a for a, name in enumerate(names)},
    }
    return Pool(names, **(facts | settings))


def scored(paths, pool, threads=2):
    with open_dumps(paths) as dumps:
        return score(dumps, pool, threads)


def slow_tables(logits, labels, k, rules=CONSENSUS):
    m, logits, labels = len(logits), logits.tolist(), labels.tolist()
    pairs = {(a, b): slow_pair(logits[a], logits[b], labels) for a, b in combinations(range(m), 2)}
    rows = [slow_row(rule, places, logits, labels, pairs) for rule in rules for places in combinations(range(m), k)]
    named = [{"first": f"m{a}", "second": f"m{b}"} | values for (a, b), values in pairs.items()]
    return pd.DataFrame(rows), pd.DataFrame(named)


@pytest.mark.parametrize(("k", "levels", "classes"), [(2, 4, 5), (3, 2, 3), (3, 6, 9), (4, 4, 5), (6, 4, 5)])
def test_every_cell_agrees_with_plain_loops(write_pool, quantised, k, levels, classes):
    logits, labels = quantised(m=7, n=90, c=classes, levels=levels, seed=levels)
    logits[1] = logits[0]  # two members that never differ
    rules = [rule for rule in CONSENSUS if rule != "mean_probability"]  # rounding breaks its ties either way
    compare_with_plain_loops(write_pool, logits, labels, k, rules)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_every_consensus_agrees_with_plain_loops_where_there_are_no_ties(write_pool, k):
    generator = np.random.default_rng(k)
    labels = generator.integers(0, 6, 120)
    logits = (2 * generator.normal(size=(6, 120, 6)) + 1.5 * np.eye(6)[labels]).astype(np.float32)
    table = compare_with_plain_loops(write_pool, logits, labels, k, CONSENSUS)
    by_rule = {rule: tuple(own["accuracy"]) for rule, own in table.groupby("consensus")}
    # Only the geometric mean decides as the mean logit does, and for k = 2 the median is the mean.
    assert len(set(by_rule.values())) == (3 if k == 2 else 4)


def compare_with_plain_loops(write_pool, logits, labels, k, rules):
    pool = pool_of(len(logits), k=k, consensus=rules, metrics=METRICS)
    found = scored(write_pool(logits, labels), pool)
    for table, slow in zip(found, slow_tables(logits, labels, k, rules), strict=True):
        pd.testing.assert_frame_equal(
            table[slow.columns], slow, check_dtype=False, check_exact=False, rtol=1e-9, atol=1e-12
        )
    return found[0]


def test_a_full_pool_of_364_ensembles_agrees_with_plain_loops(write_pool, quantised):
    logits, labels = quantised(m=14, n=40, c=4)
    table, _ = scored(write_pool(logits, labels), pool_of(14))
    assert len(table) == 2 * 364
    slow, _ = slow_tables(logits, labels, 3, rules=("mean_logit", "majority_vote"))
    slow = slow.drop(columns=list(METRICS))
    pd.testing.assert_frame_equal(table[slow.columns], slow, check_dtype=False, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_and_threads_change_nothing(write_pool, quantised, monkeypatch, rows, threads):
    logits, labels = quantised()
    paths, pool = write_pool(logits, labels), pool_of(6, metrics=METRICS)
    whole = scored(paths, pool)
    monkeypatch.setattr(verdicts, "MOST_ROWS", rows)
    summed_floats = ["cosine", "kl"]
    for table, other in zip(scored(paths, pool, threads), whole, strict=True):
        pd.testing.assert_frame_equal(table[summed_floats], other[summed_floats], rtol=1e-12)
        exact = [frame.drop(columns=summed_floats) for frame in (table, other)]
        pd.testing.assert_frame_equal(*exact, check_exact=True)


def test_geometric_mean_and_mean_logit_are_one_and_probabilities_another(write_pool):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 6, 400)
    logits = (generator.normal(size=(5, 400, 6)) * 3 + 2 * np.eye(6)[labels]).astype(np.float32)
    names = ("mean_logit", "geometric_mean", "mean_probability")
    table, _ = scored(write_pool(logits, labels), pool_of(5, consensus=names))
    mean_logit, geometric, probability = (
        table[table["consensus"] == name].drop(columns="consensus").reset_index(drop=True) for name in names
    )
    pd.testing.assert_frame_equal(mean_logit, geometric)
    assert (mean_logit["accuracy"] != probability["accuracy"]).any()


def test_new_names_for_classes_change_nothing(write_pool):
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 8, 200)
    logits = (generator.normal(size=(5, 200, 8)) + 2 * np.eye(8)[labels]).astype(np.float32)
    pool = pool_of(5, consensus=CONSENSUS, metrics=METRICS)
    before = scored(write_pool(logits, labels), pool)
    order = generator.permutation(8)
    after = scored(write_pool(logits[..., order], np.argsort(order)[labels], folder="renamed"), pool)
    for table, other in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(table, other, rtol=1e-9)


def test_the_pools_order_renames_ensembles_and_no_more(write_pool, quantised):
    logits, labels = quantised(m=5)
    paths = write_pool(logits, labels)
    forth, _ = scored(paths, pool_of(5))
    names = [f"m{a}" for a in range(5)]
    back, _ = scored(paths[::-1], Pool(names[::-1]))
    back["ensemble"] = ["+".join(sorted(name.split("+"))) for name in back["ensemble"]]
    columns = ["accuracy", "improvement", "disagreement", "equitability_correct", "mean_member_accuracy"]
    by = ["consensus", "ensemble"]
    pd.testing.assert_frame_equal(forth.set_index(by)[columns].sort_index(), back.set_index(by)[columns].sort_index())


def test_what_is_not_known_is_missing(write_pool, quantised):
    logits, labels = quantised(m=4)
    pool = pool_of(4, parameters={"m0": 5, "m1": 6, "m2": 7}, validation_accuracy={"m0": 0.5, "m1": 0.6, "m3": 0.7})
    table, pairs = scored(write_pool(logits, labels), pool)
    table = table[table["consensus"] == "mean_logit"].set_index("ensemble")
    assert table["parameters"].dropna().to_dict() == {"m0+m1+m2": 18}
    assert table["mean_member_accuracy_validation"].dropna().to_dict() == {"m0+m1+m3": pytest.approx(0.6)}
    assert table["attribution_diversity"].isna().all()
    assert pairs["attribution_distance"].isna().all()


def test_members_that_are_always_right_leave_no_equitability_of_errors(write_pool):
    labels = np.arange(10) % 3
    table, _ = scored(write_pool(np.repeat(np.eye(3)[labels][None], 3, axis=0), labels), pool_of(3))
    assert (table["equitability_correct"] == 0).all()
    assert table["equitability_incorrect"].isna().all()
    assert (table["improvement"] == 0).all()


def test_a_broken_dump_is_named_in_one_line(write_pool, quantised):
    logits, labels = quantised(m=4)
    paths = write_pool(logits, labels)
    with h5py.File(paths[2], "r+") as file:
        file["logits"][77, 1] = np.nan
    with pytest.raises(UserError, match=r"member_2.*'logits' holds NaN"):
        scored(paths, pool_of(4))


def test_other_images_or_classes_are_refused(write_pool, quantised):
    logits, labels = quantised(m=3)
    paths = write_pool(logits, labels)
    with h5py.File(paths[1], "r+") as file:
        file["index"][:2] = [101, 100]
    with pytest.raises(UserError, match=r"member_1.*order of images"):
        scored(paths, pool_of(3))
    wider = write_pool(np.pad(logits, [(0, 0), (0, 0), (0, 1)]), labels, folder="wider")
    with pytest.raises(UserError, match=r"wider/member_1.*6 classes, but .* has 5"):
        scored([paths[0], wider[1], paths[2]], pool_of(3))


def test_a_shift_without_images_is_refused(write_pool):
    with pytest.raises(UserError, match="holds no images"):
        scored(write_pool(np.zeros((3, 0, 2)), np.zeros(0, int)), pool_of(3))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"consensus": ["mean"]}, "consensus: mean is unknown"),
        ({"metrics": ["disagreements"]}, "metrics: 'disagreements' is unknown"),
        ({"normalise": "max"}, "normalise: 'max' is unknown"),
        ({"k": 9}, "cannot form"),
    ],
)
def test_unusable_settings_are_refused(settings, said):
    with pytest.raises(UserError, match=said):
        pool_of(4, **settings).subsets()
