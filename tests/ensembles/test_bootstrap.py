"""The streamed bootstrap against one that repeats images and ensembles one by one."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import linregress, poisson, spearmanr

from heterodox.ensembles import bootstrap, verdicts
from heterodox.ensembles.bootstrap import (
    COMPARED_METRICS,
    LEVELS,
    METRICS,
    bootstrap_trends,
    ensemble_weights,
    image_weights,
    poisson_ones,
)
from heterodox.ensembles.pool import Pool
from heterodox.ensembles.scoring import score
from heterodox.ensembles.subsets import subsets
from heterodox.errors import UserError
from heterodox.metrics.consensus import CONSENSUS
from heterodox.metrics.diversity import attribution_diversity, disagreement, pair_counts
from heterodox.storage.dumps import open_dumps

SEED, REPLICATES, M, K = 5, 40, 6, 3
VALIDATION = {f"m{a}": accuracy for a, accuracy in enumerate((0.5, 0.61, 0.44, 0.7, 0.52, 0.66))}


def pool(**settings):
    return Pool([f"m{a}" for a in range(M)], validation_accuracy=VALIDATION, **settings)


@pytest.fixture
def study(write_pool, quantised):
    logits, labels = quantised(m=M, n=70, c=4, levels=6)
    generator = np.random.default_rng(0)
    maps = generator.integers(0, 65, (M, 70, 1, 3, 3)) / 64  # float16 holds these values exactly
    maps[..., 0, 0] = 1
    maps *= generator.uniform(0.5, 2, (M, 70, 1, 1, 1))
    return write_pool(logits, labels, maps), logits, labels, maps


def bootstrapped(paths, replicates=REPLICATES, seed=SEED, threads=2, **settings):
    with open_dumps(paths) as dumps:
        scores, _ = score(dumps, pool(**settings))
        return *bootstrap_trends(dumps, scores, pool(**settings), seed, replicates, threads), scores


def trends(paths, **settings):
    table, _, scores = bootstrapped(paths, **settings)
    return table, scores


def direct_values(rule, logits, labels, maps, times):
    """Return improvement and metrics of every ensemble when image i stands there times[i] times."""
    images = np.repeat(np.arange(len(labels)), times)
    logits, labels, maps = logits[:, images], labels[images], maps[:, images]
    right = logits.argmax(axis=2) == labels
    rows = []
    for places in map(list, combinations(range(M), K)):
        members = right[places].mean(axis=1)
        pairs = [disagreement(pair_counts(right[a], right[b])) for a, b in combinations(places, 2)]
        rows.append(
            {
                "improvement": (CONSENSUS[rule](logits[places]) == labels).mean() - members.max(),
                "attribution_diversity": attribution_diversity(maps[places]),
                "attribution_diversity_none": attribution_diversity(maps[places], "none"),
                "disagreement": np.mean(pairs),
                "mean_member_accuracy": members.mean(),
                "mean_member_accuracy_validation": np.mean([VALIDATION[f"m{a}"] for a in places]),
            }
        )
    return {name: np.round([row[name] for row in rows], 12) for name in rows[0]}


def statistics(x, y):
    line = linregress(x, y)
    return line.slope, line.rvalue, spearmanr(x, y)[0], np.mean(y > 0)


def direct_replicate(values, metric, replicate):
    """Return the statistics over ensembles repeated as their members were drawn, and how many draws gave none."""
    for refused, weights in enumerate(ensemble_weights(SEED, replicate, M, subsets(M, K).ensembles)):
        x, y = (np.repeat(values[name], weights) for name in (metric, "improvement"))
        if len(set(x)) > 1 and len(set(y)) > 1:
            return statistics(x, y), refused
    raise AssertionError


@pytest.mark.parametrize("rule", ["mean_logit", "majority_vote"])
def test_trends_and_intervals_are_those_of_the_direct_bootstrap(study, rule):
    paths, logits, labels, maps = study
    table, _ = trends(paths)
    table = table[table["consensus"] == rule].set_index("metric")
    plain = direct_values(rule, logits, labels, maps, np.ones(70, int))
    times = image_weights(SEED, np.arange(70) + 100, REPLICATES).astype(int)
    drawn = [direct_values(rule, logits, labels, maps, row) for row in times]
    assert list(table.index) == list(METRICS)
    for metric in METRICS:
        found, refused = zip(*(direct_replicate(v, metric, b) for b, v in enumerate(drawn)), strict=True)
        low, high = np.percentile(found, [2.5, 97.5], axis=0)
        for q, name in enumerate(("slope", "pearson", "spearman", "share_above_zero")):
            row = table.loc[metric, [name, f"{name}_low", f"{name}_high"]].astype(float)
            expected = [statistics(plain[metric], plain["improvement"])[q], low[q], high[q]]
            np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-9)
        assert table.loc[metric, "redrawn"] == sum(refused) > 0
        assert table.loc[metric, "n"] == 20


def test_estimates_are_those_of_the_plain_table(study):
    table, scores = trends(study[0])
    scores = scores[scores["consensus"] == "majority_vote"]
    row = table[(table["consensus"] == "majority_vote") & (table["metric"] == "disagreement")].iloc[0]
    assert row["slope"] == pytest.approx(linregress(scores["disagreement"], scores["improvement"]).slope)
    assert row["share_above_zero"] == (scores["improvement"] > 0).mean()


def test_chunks_and_threads_change_nothing(study, monkeypatch):
    whole, _ = trends(study[0])
    monkeypatch.setattr(verdicts, "MOST_ROWS", 13)
    parts, _ = trends(study[0], threads=3)
    numbers = whole.columns.drop(["consensus", "metric"])
    np.testing.assert_allclose(whole[numbers].astype(float), parts[numbers].astype(float), rtol=1e-9)


def test_members_without_maps_lower_n(write_pool, quantised):
    logits, labels = quantised(m=M, n=70)
    maps = np.random.default_rng(0).random((M, 70, 1, 2, 2))
    table, _ = trends(write_pool(logits, labels, maps, without_maps=[0]))
    table = table[table["consensus"] == "mean_logit"].set_index("metric")
    assert table.loc["attribution_diversity", "n"] == 10
    assert table.loc["disagreement", "n"] == 20
    assert table.loc["attribution_diversity", ["slope_low", "slope_high"]].notna().all()


def test_no_maps_leave_the_row_empty(write_pool, quantised):
    logits, labels = quantised(m=M, n=70)
    table, _ = trends(write_pool(logits, labels))
    row = table.set_index("metric").loc["attribution_diversity"].iloc[0]
    assert row["n"] == 0
    assert row["redrawn"] == 0
    assert row[["slope", "pearson_low", "spearman_high", "share_above_zero"]].isna().all()


def test_a_constant_improvement_has_no_trend(write_pool):
    labels = np.arange(30) % 3
    table, _ = trends(write_pool(np.repeat(np.eye(3)[labels][None], M, axis=0), labels))
    assert table[["slope", "pearson", "spearman", "slope_low", "pearson_high"]].isna().all(axis=None)
    assert (table.loc[table["n"] > 0, "share_above_zero"] == 0).all()


def test_scores_of_another_pool_are_refused(study):
    with open_dumps(study[0]) as dumps:
        scores, _ = score(dumps, pool(k=2))
        with pytest.raises(UserError, match="not the ensembles of this pool"):
            bootstrap_trends(dumps, scores, pool(), SEED, 3)


def test_poisson_numbers_follow_their_distribution():
    uniform = (np.arange(100_000) + 0.5) / 100_000
    numbers = poisson_ones(uniform)
    np.testing.assert_allclose(np.bincount(numbers.astype(int)) / 100_000, poisson(1).pmf(range(9)), atol=2e-5)
    assert poisson_ones(np.array([1 - 1e-16]))[0] < 30


def test_an_images_number_depends_on_image_and_replicate_alone():
    weights = image_weights(3, np.array([7, 2, 9]), 50)
    assert np.array_equal(image_weights(3, np.array([9, 7]), 20), weights[:20, [2, 0]])
    assert not np.array_equal(image_weights(4, np.array([7, 2, 9]), 50), weights)
    many = image_weights(0, np.arange(2000), 200)
    assert many.mean() == pytest.approx(1, abs=0.01)
    assert many.var() == pytest.approx(1, abs=0.02)


def test_an_ensembles_weight_is_the_product_of_its_members_numbers():
    ensembles = subsets(5, 3).ensembles
    generator = bootstrap.stream(1, "bootstrap members", 0)
    for weights, _ in zip(ensemble_weights(1, 0, 5, ensembles), range(4), strict=False):
        drawn = generator.integers(0, 5, 5).tolist()
        expected = [np.prod([drawn.count(place) for place in places]) for places in ensembles.tolist()]
        assert weights.tolist() == expected


def test_a_lost_replicate_in_twenty_is_borne_and_more_is_not():
    rows = np.tile(np.arange(4.0), (20, 1))
    rows[0] = np.nan
    assert not np.isnan(bootstrap._intervals(rows)).any()
    rows[1] = np.nan
    assert np.isnan(bootstrap._intervals(rows)).all()


def drawn_and_plain(study, rule):
    """Return the direct values of the data as they are and of every replicate."""
    _, logits, labels, maps = study
    times = image_weights(SEED, np.arange(70) + 100, REPLICATES).astype(int)
    values = [direct_values(rule, logits, labels, maps, row) for row in [np.ones(70, int), *times]]
    return values[0], values[1:]


def test_correlations_are_compared_within_the_same_replicates(study):
    _, table, _ = bootstrapped(study[0])
    table = table[table["consensus"] == "mean_logit"].set_index(["first", "second", "statistic"])
    plain, drawn = drawn_and_plain(study, "mean_logit")
    for first, second in COMPARED_METRICS:
        found = [
            np.subtract(direct_replicate(v, first, b)[0], direct_replicate(v, second, b)[0])
            for b, v in enumerate(drawn)
        ]
        low, high = np.percentile(found, [2.5, 97.5], axis=0)
        own = np.subtract(*(statistics(plain[name], plain["improvement"]) for name in (first, second)))
        for place, statistic in ((1, "pearson"), (2, "spearman")):
            row = table.loc[(first, second, statistic), ["value", "low", "high"]].astype(float)
            np.testing.assert_allclose(row, [own[place], low[place], high[place]], rtol=1e-5, atol=1e-9)


def direct_levels(values, replicate):
    weights = next(w for w in ensemble_weights(SEED, replicate, M, subsets(M, K).ensembles) if w.any())
    return levels_of(np.repeat(values["improvement"], weights))


def levels_of(improvement):
    return (improvement > 0).mean(), improvement.mean(), improvement.max()


def test_levels_of_improvement_and_their_difference_to_the_first_consensus(study):
    _, table, _ = bootstrapped(study[0])
    plain, drawn = {}, {}
    for rule in ("mean_logit", "majority_vote"):
        whole, replicates = drawn_and_plain(study, rule)
        plain[rule] = np.array(levels_of(whole["improvement"]))
        drawn[rule] = np.array([direct_levels(values, b) for b, values in enumerate(replicates)])
    vote = table[(table["consensus"] == "majority_vote") & table["first"].isna()]
    check_levels(vote, plain["majority_vote"], drawn["majority_vote"])
    both = table[table["consensus"].isna()]
    assert both[["first", "second"]].drop_duplicates().to_numpy().tolist() == [["majority_vote", "mean_logit"]]
    check_levels(both, plain["majority_vote"] - plain["mean_logit"], drawn["majority_vote"] - drawn["mean_logit"])


def check_levels(rows, point, found):
    assert rows["statistic"].tolist() == list(LEVELS)
    expected = np.stack([point, *np.percentile(found, [2.5, 97.5], axis=0)], axis=1)
    np.testing.assert_allclose(rows[["value", "low", "high"]].to_numpy(float), expected, rtol=1e-5, atol=1e-9)


def test_metrics_are_compared_over_the_ensembles_that_have_both(write_pool, quantised):
    logits, labels = quantised(m=M, n=70)
    maps = np.random.default_rng(0).random((M, 70, 1, 2, 2))
    _, table, scores = bootstrapped(write_pool(logits, labels, maps, without_maps=[0]))
    row = table[(table["second"] == "disagreement") & (table["statistic"] == "pearson")].iloc[0]
    both = scores[(scores["consensus"] == "mean_logit") & scores["attribution_diversity"].notna()]
    r = [linregress(both[name], both["improvement"]).rvalue for name in ("attribution_diversity", "disagreement")]
    assert row["n"] == 10
    assert row["value"] == pytest.approx(r[0] - r[1])
    assert row[["low", "high"]].notna().all()
