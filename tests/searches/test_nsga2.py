"""Searches: budgets, refusals, parents, survival, and the same end after a kill at any moment."""

import hashlib
import math
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.metrics.hypervolume import on_front
from heterodox.searches.archive import Archive, Evaluation, Record
from heterodox.searches.evaluators import Serial
from heterodox.searches.nsga2 import Budget, Newcomers, nsga2, random_search
from tests.searches.toys import BUDGET, OBJECTIVES, Masks, objectives_of

ROOT = Path(__file__).resolve().parent.parent.parent


def searched(folder: Path, budget: Budget = BUDGET, search=nsga2, evaluate=None) -> list[Record]:
    """Search with a new archive and return the history."""
    folder.mkdir(exist_ok=True)
    evaluate = evaluate or (lambda genome: Evaluation(objectives_of(genome)))
    with Archive(folder / "state.jsonl", "toy", OBJECTIVES) as archive:
        return search(Masks(), Serial(evaluate), archive, budget)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return searched(tmp_path_factory.mktemp("history"))


def test_the_golden_run(history: list[Record]) -> None:
    # As it was when it was written: a pymoo or NumPy that draws otherwise would show here.
    text = "\n".join(f"{record.name} {record.parents}" for record in history)
    assert hashlib.blake2b(text.encode(), digest_size=8).hexdigest() == "cc230ef27ba5a911"


def test_the_history_has_the_budget_in_batches(history: list[Record]) -> None:
    assert [record.generation for record in history] == [0] * 6 + [1] * 5 + [2] * 5 + [3] * 5 + [4] * 2
    assert [record.order for record in history] == [*range(6), *range(5), *range(5), *range(5), 0, 1]


def test_only_what_is_evaluated_counts_as_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two children per pair are one too many for an odd number of offspring; it may be bred again."""
    known = []

    class Noted(Newcomers):
        def __init__(self, problem, seen, *others) -> None:
            known.append(seen)
            super().__init__(problem, seen, *others)

    monkeypatch.setattr("heterodox.searches.nsga2.Newcomers", Noted)
    history = searched(tmp_path)
    assert BUDGET.offspring % 2
    assert known[-1] == {record.key for record in history}


def test_no_key_is_evaluated_twice_and_all_are_valid(history: list[Record]) -> None:
    assert len({record.key for record in history}) == len(history)
    assert all(Masks().valid(Masks().genome(record.name)) for record in history)


def test_bred_genomes_name_two_survivors_before_them(history: list[Record]) -> None:
    for record in history:
        earlier = {other.name for other in history if other.generation < record.generation}
        assert len(record.parents) == (2 if record.generation else 0)
        assert set(record.parents) <= earlier


def test_children_have_their_parents_bits_but_for_few_flips(tmp_path: Path) -> None:
    history = searched(tmp_path, replace(BUDGET, evaluations=306, offspring=50))
    flips = bits = 0
    for record in history:
        if record.parents:
            child, *parents = (Masks().genome(name) for name in (record.name, *record.parents))
            agree = parents[0] == parents[1]
            flips += (child != parents[0])[agree].sum()
            bits += agree.sum()
    # Refused genomes shift the share somewhat above 1/12.
    assert 0.06 < flips / bits < 0.16


def test_parents_survived_by_rank_of_domination(history: list[Record]) -> None:
    # After the first generation six of eleven survive: whoever is bred from may be dominated by five at most.
    pool = [record for record in history if record.generation < 2]
    points = np.array([record.objectives for record in pool])
    dominators = {
        record.name: int(((points <= points[place]).all(1) & (points < points[place]).any(1)).sum())
        for place, record in enumerate(pool)
    }
    for record in history:
        if record.generation == 2:
            assert all(dominators[parent] <= 5 for parent in record.parents)


def test_all_kinds_of_search_start_from_the_same_population(tmp_path: Path, history: list[Record]) -> None:
    drawn = searched(tmp_path / "random", search=random_search)
    single = searched(tmp_path / "single", replace(BUDGET, steered_by=OBJECTIVES[:1]))
    for other in (drawn, single):
        assert [record.name for record in other[:6]] == [record.name for record in history[:6]]
        assert [record.name for record in other] != [record.name for record in history]
        assert len(other) == len(history)
    assert all(record.parents == () for record in drawn)


def test_another_run_or_seed_is_another_search(tmp_path: Path, history: list[Record]) -> None:
    for place, change in enumerate(({"run": 2}, {"seed": 4})):
        other = searched(tmp_path / str(place), replace(BUDGET, **change))
        assert [record.name for record in other[:6]] != [record.name for record in history[:6]]


def test_a_single_objective_wins_on_it_and_evolution_beats_chance(tmp_path: Path) -> None:
    large = replace(BUDGET, population=20, offspring=20, evaluations=300)
    steered = {name: searched(tmp_path / name, replace(large, steered_by=(name,))) for name in OBJECTIVES} | {
        "random": searched(tmp_path / "random", large, random_search)
    }
    median = {name: np.median([record.objectives for record in found[100:]], axis=0) for name, found in steered.items()}
    assert median["ones_wrong"][0] < median["random"][0]
    assert median["active"][1] < median["random"][1]


def test_a_front_opens_another_search(tmp_path: Path, history: list[Record]) -> None:
    points = np.array([record.objectives for record in history])
    names = tuple(record.name for record, best in zip(history, on_front(points), strict=True) if best)[:3]
    other = searched(tmp_path, replace(BUDGET, run=7, initial=names))
    assert tuple(record.name for record in other[: len(names)]) == names


def test_genomes_of_one_key_share_a_result_where_only_names_are_refused(tmp_path: Path) -> None:
    asked = []

    def evaluate(genome: np.ndarray) -> Evaluation:
        asked.append(Masks().key(genome))
        return Evaluation((*objectives_of(genome)[:1], 0.5))

    history = searched(tmp_path, Budget(30, 30, 300, seed=1, refuse="name"), evaluate=evaluate)
    assert len({record.name for record in history}) == 300
    assert len(asked) == len(set(asked)) == len({record.key for record in history}) < 300
    reused = [record for record in history if record.reused]
    assert len(reused) == 300 - len(asked)
    first = {record.key: record.objectives for record in history if not record.reused}
    assert all(record.objectives == first[record.key] for record in reused)


def test_genomes_without_a_result_do_not_survive(tmp_path: Path) -> None:
    def evaluate(genome: np.ndarray) -> Evaluation:
        return Evaluation((math.nan, math.nan) if genome[0] else objectives_of(genome))

    history = searched(tmp_path, Budget(10, 10, 60, seed=1), evaluate=evaluate)
    parents = [parent for record in history if record.generation > 2 for parent in record.parents]
    assert parents
    assert not any(parent[0] == "1" for parent in parents)
    assert any(math.isnan(record.objectives[0]) for record in history)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"population": 1}, "population: 1 is too small"),
        ({"evaluations": 5}, "evaluations: 5 do not fill"),
        ({"offspring": 0}, "offspring: 0"),
        ({"population": 5000, "evaluations": 5000}, "larger than the space left"),
        ({"offspring": 3000, "evaluations": 5000}, "larger than the space left"),
    ],
)
def test_budgets_that_cannot_work_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict, fault: str
) -> None:
    monkeypatch.setattr("heterodox.searches.nsga2.ATTEMPTS", 4)
    with pytest.raises(UserError, match=fault) as caught:
        searched(tmp_path, replace(BUDGET, **change))
    assert "\n" not in str(caught.value)


def test_a_known_size_refuses_before_anything_is_evaluated(tmp_path: Path) -> None:
    problem = Masks()
    problem.size = 20
    with Archive(tmp_path / "state", "toy", OBJECTIVES) as archive:
        with pytest.raises(UserError, match="population: 30 is larger than the space, which has 20"):
            nsga2(problem, Serial(None), archive, Budget(30, 30, 60, seed=1))
        with pytest.raises(UserError, match="evaluations: 60, but the space has only 20"):
            nsga2(problem, Serial(None), archive, Budget(10, 30, 60, seed=1))


def test_a_history_of_another_search_is_noticed(tmp_path: Path) -> None:
    searched(tmp_path)
    with pytest.raises(UserError, match="history of another search"):
        searched(tmp_path, replace(BUDGET, population=5, run=1, offspring=6))


class Program:
    """A search in a process of its own."""

    def __init__(self, folder: Path, kind: str, search: str = "nsga2", seconds: float = 0.0) -> None:
        self.state, self.calls = folder / "state.jsonl", folder / "calls"
        self.calls.mkdir(parents=True, exist_ok=True)
        self.command = [sys.executable, "-m", "tests.searches.toys", str(self.state), str(self.calls), kind, search]
        self.command.append(str(seconds))
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def end(self) -> str:
        said, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return said

    def evaluated(self) -> int:
        return len(list(self.calls.glob("[01]*")))

    def stop(self, number: int, after: int) -> int:
        """Send the signal after so many evaluations and return the exit status."""
        while self.evaluated() < after and self.process.poll() is None:
            time.sleep(0.005)
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.mark.parametrize("kind", ["serial", "together"])
def test_a_search_killed_again_and_again_ends_with_the_same_history(tmp_path: Path, kind: str) -> None:
    whole = Program(tmp_path / "whole", kind).end()
    for after in (1, 8, 14):
        assert Program(tmp_path / "cut", kind, seconds=0.02).stop(signal.SIGKILL, after) == -signal.SIGKILL
    resumed = Program(tmp_path / "cut", kind)
    assert resumed.end() == whole
    assert whole.count("\n") == BUDGET.evaluations
    if kind == "serial":  # each kill costs what was running, nothing else
        assert resumed.evaluated() <= BUDGET.evaluations + 3


def test_sigterm_lets_a_search_leave_with_its_state(tmp_path: Path) -> None:
    whole = Program(tmp_path / "whole", "serial", "random").end()
    cut = Program(tmp_path / "cut", "serial", "random", seconds=0.05)
    assert cut.stop(signal.SIGTERM, 3) == 128 + signal.SIGTERM
    before = cut.evaluated()
    resumed = Program(tmp_path / "cut", "serial", "random")
    assert resumed.end() == whole
    assert before < resumed.evaluated() == BUDGET.evaluations


def test_sigterm_ends_a_joint_computation_at_once(tmp_path: Path) -> None:
    cut = Program(tmp_path, "together", seconds=1.0)
    started = time.monotonic()
    assert cut.stop(signal.SIGTERM, 1) == 128 + signal.SIGTERM
    assert cut.evaluated() <= 2
    assert time.monotonic() - started < 20
