"""The cell problem: operators by their distributions, duplicates, disconnected cells, and searches that resume."""

import hashlib

import numpy as np
import pytest
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from scipy.stats import binom, chisquare

from heterodox.errors import UserError
from heterodox.networks.cells import ZEROIZE, all_encodings, canonical, is_connected, operation_counts, to_string
from heterodox.searches.archive import Archive, Evaluation, history_table
from heterodox.searches.cells import (
    CONNECTED_ENCODINGS,
    CONNECTED_FUNCTIONS,
    OBJECTIVES,
    CellProblem,
    rounded,
    run_search,
)
from heterodox.searches.evaluators import Serial
from heterodox.searches.nsga2 import Budget, nsga2, random_search

PROBLEM = CellProblem()
GOLDEN_LAST = "|avg_pool_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|"
GOLDEN_HISTORY = "e8e1adb897163ebb"
SPACE = Problem(n_var=6, n_obj=2, xl=PROBLEM.lower, xu=PROBLEM.upper)


def evaluate(genome: np.ndarray) -> Evaluation:
    """Stand in for training: convolutions make a cell accurate, poolings introspectable."""
    counts = operation_counts(genome.astype(int))
    accuracy = 0.5 + 0.05 * counts["nor_conv_3x3"] + 0.03 * counts["nor_conv_1x1"] + 0.001 * genome[0]
    return Evaluation((-accuracy, -0.1 - 0.05 * counts["avg_pool_3x3"] - 0.002 * genome[5]), {"parameters": 7})


def budget(**changes) -> Budget:
    values = {"population": 8, "offspring": 8, "evaluations": 40, "seed": 1}
    return Budget(**(values | changes))


def searched(path, problem=PROBLEM, function=evaluate, search=nsga2, **changes):
    with Archive(path, "same", OBJECTIVES) as archive:
        return search(problem, Serial(function), archive, budget(refuse=problem.refuse, **changes))


def mutated(values: np.ndarray, seed: int = 0) -> np.ndarray:
    population = Population.new("X", values.copy())
    return PROBLEM.mutation.do(SPACE, population, random_state=np.random.default_rng(seed)).get("X")


def test_every_operation_owns_an_interval_of_one_width() -> None:
    values = np.random.default_rng(1).uniform(-0.5, 4.5, 100_000)
    assert chisquare(np.bincount(rounded(values).astype(int), minlength=5)).pvalue > 0.001
    assert rounded(np.array([-0.5, -0.01, 0.49, 0.5, 2.5, 3.5, 4.49, 4.5])).tolist() == [0, 0, 0, 1, 3, 4, 4, 4]


def test_the_first_cells_are_uniform() -> None:
    drawn = PROBLEM.sample(np.random.default_rng(2), 20_000)
    for edge in range(6):
        assert chisquare(np.bincount(drawn[:, edge].astype(int), minlength=5)).pvalue > 0.001


def test_one_variable_in_six_mutates_and_no_individual_is_spared() -> None:
    """Pymoo's own default would leave every tenth individual alone."""
    before = np.full((30_000, 6), 2.0)
    changed = (mutated(before) != before).sum(axis=1)
    expected = binom.pmf(range(5), 6, 1 / 6)
    observed = np.bincount(np.minimum(changed, 4), minlength=5)
    expected[4] = 1 - expected[:4].sum()
    assert chisquare(observed, expected * len(before)).pvalue > 0.001


@pytest.mark.parametrize("start", [0, 2, 4])
def test_mutation_is_the_polynomial_one(start: int) -> None:
    """Deb and Agrawal's distribution by its inverse, from uniform numbers, rounded as cells are."""
    before = np.full((60_000, 6), float(start))
    after = mutated(before)
    steps = np.bincount(rounded(after[after != before]).astype(int), minlength=5)
    u = (np.arange(200_000) + 0.5) / 200_000
    low, high = (start + 0.5) / 5, (4.5 - start) / 5
    down = (2 * u + (1 - 2 * u) * (1 - low) ** 4) ** 0.25 - 1
    up = 1 - (2 * (1 - u) + 2 * (u - 0.5) * (1 - high) ** 4) ** 0.25
    moved = start + 5 * np.where(u <= 0.5, down, up)
    expected = np.bincount(rounded(moved).astype(int), minlength=5) / len(u)
    reached = expected > 0
    assert steps[~reached].sum() == 0
    assert chisquare(steps[reached], expected[reached] / expected.sum() * steps.sum()).pvalue > 0.001


def test_crossover_takes_nine_pairs_of_ten_and_half_of_their_variables() -> None:
    count = 20_000
    parents = Population.new("X", np.tile([[0.0] * 6, [4.0] * 6], (count, 1)))
    pairs = [[parents[2 * row], parents[2 * row + 1]] for row in range(count)]
    children = PROBLEM.crossover.do(SPACE, pairs, random_state=np.random.default_rng(3)).get("X")
    first, second = children[:count], children[count:]
    crossed = ~(np.isin(first, [0.0, 4.0]) & np.isin(second, [0.0, 4.0]))
    pairs_crossed = crossed.any(axis=1)
    share = 0.9 * (1 - 0.5**6)
    assert abs(pairs_crossed.mean() - share) < 5 * np.sqrt(share * (1 - share) / count)
    assert abs(crossed.mean() - 0.45) < 0.01
    # Parents that lie mirrored in the space have children that do on average.
    assert abs((first + second)[crossed].mean() - 4) < 0.01
    assert first.min() >= -0.5
    assert second.max() <= 4.5


def test_the_space_has_as_many_cells_as_is_said() -> None:
    connected = [cell for cell in all_encodings() if is_connected(cell)]
    assert len(connected) == CONNECTED_ENCODINGS == CellProblem("encoding").size
    assert len({canonical(cell) for cell in connected}) == CONNECTED_FUNCTIONS == PROBLEM.size


def test_names_are_read_back() -> None:
    genome = np.array([0.0, 1, 2, 3, 4, 0])
    assert PROBLEM.name(genome) == to_string([0, 1, 2, 3, 4, 0])
    assert PROBLEM.genome(PROBLEM.name(genome)).tolist() == genome.tolist()


class MostlyDisconnected(CellProblem):
    """Draws zeroized edges four times out of five."""

    def sample(self, generator, count):
        drawn = super().sample(generator, count)
        return np.where(generator.uniform(size=drawn.shape) < 0.75, ZEROIZE, drawn)


@pytest.mark.parametrize("duplicates", ["canonical", "encoding"])
def test_disconnected_cells_and_duplicates_are_never_evaluated(tmp_path, duplicates: str) -> None:
    asked = []

    def note(genome):
        asked.append(tuple(genome.astype(int)))
        return evaluate(genome)

    records = searched(tmp_path / "a", MostlyDisconnected(duplicates), note)
    assert len(records) == 40
    assert all(is_connected(cell) for cell in asked)
    assert len({canonical(cell) for cell in asked}) == len(asked)  # an isomorph takes over the stored result
    assert len({record.name for record in records}) == 40
    assert len({record.key for record in records}) == (40 if duplicates == "canonical" else len(asked))
    for record in records:
        if record.reused:
            first = next(other for other in records if other.key == record.key)
            assert record.objectives == first.objectives


def test_offspring_name_parents_of_the_generations_before(tmp_path) -> None:
    records = searched(tmp_path / "a")
    born = {record.name: record.generation for record in records}
    for record in records:
        assert len(record.parents) == (2 if record.generation else 0)
        assert all(born[parent] < record.generation for parent in record.parents)


def test_a_search_ends_as_it_ended_when_this_was_written(tmp_path) -> None:
    """The golden run: the last cell bred and a digest of the history, from one seed and an invented evaluation."""
    table = history_table(searched(tmp_path / "a"), OBJECTIVES)
    text = table[["generation", "genome", "parents"]].to_csv(index=False, lineterminator="\n")
    assert table["genome"].iloc[-1] == GOLDEN_LAST
    assert hashlib.blake2b(text.encode(), digest_size=8).hexdigest() == GOLDEN_HISTORY


def test_a_search_that_goes_on_ends_as_one_that_was_never_stopped(tmp_path) -> None:
    whole = searched(tmp_path / "whole")
    calls = 0

    def stop(genome):
        nonlocal calls
        calls += 1
        if calls > 21:
            raise KeyboardInterrupt
        return evaluate(genome)

    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "parts", function=stop)
    calls = -100
    assert searched(tmp_path / "parts", function=stop) == whole
    assert calls == -100 + 40 - 21


def test_one_objective_steers_and_random_search_has_the_same_first_cells(tmp_path) -> None:
    multi = searched(tmp_path / "multi")
    single = searched(tmp_path / "single", steered_by=OBJECTIVES[:1])
    drawn = searched(tmp_path / "random", search=random_search)
    first = [[record.name for record in records[:8]] for records in (multi, single, drawn)]
    assert first[0] == first[1] == first[2]
    best = [np.median([-record.objectives[0] for record in records[-16:]]) for records in (single, multi, drawn)]
    assert best[0] > best[2]
    assert np.max([-record.objectives[1] for record in multi]) >= np.max([-record.objectives[1] for record in single])


def test_a_front_can_be_evaluated_again(tmp_path) -> None:
    names = tuple(to_string(cell) for cell in ([0] * 6, [2] * 6, [4, 0, 4, 0, 4, 0]))
    records = searched(tmp_path / "a", search=random_search, initial=names, population=3, offspring=1, evaluations=3)
    assert tuple(record.name for record in records) == names


def test_a_front_of_one_cell_can_be_evaluated_again(tmp_path) -> None:
    name = to_string([0] * 6)
    with Archive(tmp_path / "a", "same", OBJECTIVES) as archive:
        records = run_search("multi_regulariser", PROBLEM, Serial(evaluate), archive, budget(), [name])
    assert [record.name for record in records] == [name]


def test_more_cells_than_there_are_is_one_line(tmp_path) -> None:
    with pytest.raises(UserError, match="larger than the space"):
        searched(tmp_path / "a", population=6000, evaluations=6000)
