import numpy as np
import pytest
from scipy.stats import pearsonr

from heterodox.metrics.heritability import ancestors, heritability, parental_means

FAMILY = [[], [], [], [0, 1], [1, 2], [3, 4], [4, 4]]


def test_ancestors_and_means_by_hand():
    assert ancestors(5, FAMILY) == [0, 1, 2, 3, 4]
    assert ancestors(6, FAMILY) == [1, 2, 4]
    assert ancestors(0, FAMILY) == []
    means = parental_means(np.array([1.0, 3, 5, 0, 8, 0, 0]), FAMILY)
    assert means[3:].tolist() == [2, 4, 4, 8]
    assert np.isnan(means[:3]).all()


def population(inherit: float, seed: int, size: int = 30, generations: int = 6):
    generator = np.random.default_rng(seed)
    values, parents, born = list(generator.normal(size=size)), [[] for _ in range(size)], [0] * size
    for number in range(1, generations):
        for _ in range(size):
            pair = generator.integers((number - 1) * size, number * size, 2).tolist()
            mean = np.mean([values[one] for one in pair])
            values.append(inherit * mean + number + np.sqrt(1 - inherit**2) * generator.normal())
            parents.append(pair)
            born.append(number)
    return np.array(values), parents, np.array(born)


def test_resemblance_is_told_from_progress_of_whole_generations():
    """Every generation is better than the last by 1, which alone makes parents and offspring correlate."""
    for inherit, significant in ((0.9, True), (0.0, False)):
        values, parents, born = population(inherit, 4)
        found = heritability(values, parents, born, 200, np.random.default_rng(0))
        rows = [row for row, own in enumerate(parents) if own]
        expected = pearsonr([values[parents[row]].mean() for row in rows], values[rows])[0]
        assert found.correlation == pytest.approx(expected)
        assert found.correlation > 0.5
        assert (found.p_value < 0.01) == significant
        assert (found.correlation > found.chance_high) == significant
        assert found.offspring == 150


def test_p_values_of_chance_are_spread_evenly():
    p_values = []
    for seed in range(60):
        values, parents, born = population(0.0, seed, size=8, generations=3)
        p_values.append(heritability(values, parents, born, 60, np.random.default_rng(seed)).p_value)
    assert 0.35 < np.mean(p_values) < 0.65
    assert np.mean(np.array(p_values) <= 0.1) < 0.25


def test_without_offspring_or_variance_nothing_is_defined():
    for values, parents in ((np.ones(5), [[], [], [0, 1], [0, 1], [0, 1]]), (np.arange(2.0), [[], []])):
        assert np.isnan(heritability(values, parents, np.zeros(len(values)), 9, np.random.default_rng(0))[:5]).all()
