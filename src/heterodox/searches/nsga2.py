"""Searches with a history: NSGA-II, its single-objective sibling, and random search of equal budget.

Selection, survival and operators are pymoo's (Deb et al. 2002, NSGA-II). The search itself runs here, generation by
generation: random numbers are keyed by generation, results enter in the order of asking whatever the order in which
they come, and each is in the archive before anything depends on it. So a search that goes on after a kill asks again
for the same genomes, finds what was evaluated in its archive, and ends as if nothing had happened.
"""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.searches.archive import Archive, Evaluation, Record
from heterodox.searches.evaluators import Evaluator
from heterodox.searches.problem import Problem
from heterodox.streams import stream

log = logging.getLogger(__name__)

ATTEMPTS = 100  # how often mating, or drawing, is tried again while too few of its genomes are new


@dataclass(frozen=True)
class Budget:
    """How a search runs.

    population: how many survive, at least 2 where they breed. offspring: how many are asked for per generation.
    evaluations: genomes in the history at the end, those of the first population included.
    seed, run: name the random numbers. All kinds of search draw the same first population from them, so that
    differences between kinds can be paired by run.
    steered_by: names of the objectives that decide survival, all where empty; the others are only recorded.
    refuse: genomes are refused when their `key` is in the history already, or only when their `name` is. In the second
    case a genome of the same key takes over the result.
    initial: names of genomes that open the first population, such as another search's front.
    """

    population: int
    offspring: int
    evaluations: int
    seed: int
    run: int = 0
    steered_by: tuple[str, ...] = ()
    refuse: str = "key"
    initial: tuple[str, ...] = ()

    def check(self, problem: Problem, breeding: bool) -> None:
        """Raise UserError where the numbers cannot work; `breeding` says whether genomes have parents."""
        if self.population < 1:
            raise UserError(f"population: {self.population}; use 1 or more")
        if breeding and self.population < 2:
            raise UserError(f"population: {self.population} is too small to breed from; use 2 or more")
        if self.offspring < 1:
            raise UserError(f"offspring: {self.offspring}; use 1 or more")
        if self.evaluations < self.population:
            raise UserError(f"evaluations: {self.evaluations} do not fill a population of {self.population}")
        if problem.size is not None and self.population > problem.size:
            raise UserError(f"population: {self.population} is larger than the space, which has {problem.size} genomes")
        if problem.size is not None and self.refuse == "key" and self.evaluations > problem.size:
            raise UserError(f"evaluations: {self.evaluations}, but the space has only {problem.size} genomes")


@dataclass(frozen=True)
class Candidate:
    """A genome that is to be evaluated, and whom it was bred from."""

    genome: np.ndarray
    name: str
    key: str
    parents: tuple[str, ...] = ()


class Newcomers:
    """Collects the genomes of one generation: repaired, valid, and not refused."""

    def __init__(self, problem: Problem, seen: set[str], refuse: str, generator: np.random.Generator) -> None:
        self._problem, self._seen, self._refuse, self._generator = problem, seen, refuse, generator
        self.found: list[Candidate] = []

    def offer(self, genome: np.ndarray, parents: tuple[str, ...] = ()) -> None:
        """Take the genome if it is new."""
        genome = np.asarray(self._problem.repair(genome, self._generator), self._problem.dtype)
        if not self._problem.valid(genome):
            return
        candidate = Candidate(genome, self._problem.name(genome), self._problem.key(genome), parents)
        identity = candidate.key if self._refuse == "key" else candidate.name
        if identity not in self._seen:
            self._seen.add(identity)
            self.found.append(candidate)

    def fill_at_random(self, count: int) -> None:
        """Draw until there are so many; UserError where the space does not hold them."""
        for _ in range(ATTEMPTS):
            if len(self.found) >= count:
                return
            for genome in self._problem.sample(self._generator, count - len(self.found)):
                self.offer(genome)
        if len(self.found) < count:
            raise UserError(
                f"population, evaluations: larger than the space left; no {count} new genomes were found in {ATTEMPTS} "
                f"draws beside the {len(self._seen)} known ones"
            )


class Strategy(Protocol):
    """Decides which genomes come next."""

    def ask(self, generation: int, count: int, newcomers: Newcomers) -> list[Candidate]:
        """Return so many new genomes."""
        ...

    def tell(self, generation: int, candidates: Sequence[Candidate], results: np.ndarray) -> None:
        """Take the objectives (n, objectives) of what was asked for, in that order."""
        ...


class RandomDraws:
    """Asks for genomes as the problem draws them."""

    def ask(self, generation: int, count: int, newcomers: Newcomers) -> list[Candidate]:
        """Return so many new genomes."""
        newcomers.fill_at_random(count)
        return newcomers.found

    def tell(self, generation: int, candidates: Sequence[Candidate], results: np.ndarray) -> None:
        """Learn nothing."""


class Breeding:
    """Pymoo's mating, except that a genome known to the history is never handed out again, and parents are noted."""

    def __init__(self, problem: Problem, selection: Any) -> None:
        self._problem, self._selection = problem, selection
        self.newcomers: Newcomers

    def do(self, problem: Any, population: Any, n_offsprings: int, algorithm: Any, random_state: Any) -> Any:
        """Return offspring as pymoo's population, each with its candidate."""
        found = self.newcomers.found
        for _ in range(ATTEMPTS):
            if len(found) >= n_offsprings:
                break
            self._mate(problem, population, n_offsprings, algorithm, random_state)
        self.newcomers.fill_at_random(n_offsprings)
        return _population(found)

    def _mate(self, problem: Any, population: Any, wanted: int, algorithm: Any, random_state: Any) -> None:
        operators = self._problem.crossover, self._problem.mutation
        matings = math.ceil((wanted - len(self.newcomers.found)) / operators[0].n_offsprings)
        pairs = self._selection.do(
            problem, population, matings, n_parents=2, random_state=random_state, algorithm=algorithm
        )
        children = operators[0].do(problem, pairs, random_state=random_state)
        children = operators[1].do(problem, children, random_state=random_state)
        for place, child in enumerate(children):
            if len(self.newcomers.found) >= wanted:
                return  # what is offered counts as known, so a child that is not asked for could never be bred again
            pair = pairs[place % matings]  # the first children of all pairs come first, then the second ones
            self.newcomers.offer(child.X, tuple(parent.get("candidate").name for parent in pair))


class Evolution:
    """NSGA-II, or with one objective a genetic algorithm with the same operators."""

    def __init__(self, problem: Problem, budget: Budget) -> None:
        from pymoo.core.problem import Problem as Space
        from pymoo.core.termination import NoTermination

        names = budget.steered_by or problem.objectives
        self._columns = [problem.objectives.index(name) for name in names]
        self._seed = budget.seed, budget.run, "+".join(names)
        # The constraint is violated by those without a result: they never survive before one that has one.
        space = Space(n_var=len(problem.lower), n_obj=len(names), n_ieq_constr=1, xl=problem.lower, xu=problem.upper)
        kind, selection = _algorithm(len(names))
        self._breeding = Breeding(problem, selection)
        self._algorithm = kind(
            pop_size=budget.population, mating=self._breeding, eliminate_duplicates=False, termination=NoTermination()
        )
        self._algorithm.setup(space)

    def ask(self, generation: int, count: int, newcomers: Newcomers) -> list[Candidate]:
        """Return so many new genomes: drawn at random at first, bred afterwards."""
        algorithm = self._algorithm
        algorithm.random_state = self._stream("mating", generation)
        if generation == 0:
            newcomers.fill_at_random(count)
            algorithm.initialization.sampling = _population(newcomers.found)
        self._breeding.newcomers, algorithm.n_offsprings = newcomers, count
        self._asked = algorithm.ask()
        return [individual.get("candidate") for individual in self._asked]

    def tell(self, generation: int, candidates: Sequence[Candidate], results: np.ndarray) -> None:
        """Let the fittest survive."""
        results = results[:, self._columns]
        failed = ~np.isfinite(results).all(axis=1)
        self._asked.set("F", np.where(failed[:, None], 0.0, results))
        self._asked.set("G", np.where(failed, 1.0, -1.0)[:, None])
        self._algorithm.random_state = self._stream("survival", generation)
        self._algorithm.tell(infills=self._asked)

    def _stream(self, what: str, generation: int) -> np.random.Generator:
        seed, run, names = self._seed
        return stream(seed, f"search {what}", names, run, generation)


def _algorithm(objectives: int) -> tuple[Any, Any]:
    """Return pymoo's class and its tournament."""
    from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
    from pymoo.algorithms.soo.nonconvex.ga import GA, comp_by_cv_and_fitness
    from pymoo.operators.selection.tournament import TournamentSelection

    if objectives == 1:
        return GA, TournamentSelection(func_comp=comp_by_cv_and_fitness)
    return NSGA2, TournamentSelection(func_comp=binary_tournament)


def _population(candidates: Sequence[Candidate]) -> Any:
    from pymoo.core.population import Population

    population = Population.new("X", np.array([candidate.genome for candidate in candidates]))
    for individual, candidate in zip(population, candidates, strict=True):
        individual.set("candidate", candidate)
    return population


def nsga2(problem: Problem, evaluator: Evaluator, archive: Archive, budget: Budget) -> list[Record]:
    """Run NSGA-II, or with one steering objective a genetic algorithm, and return its whole history.

    Ends the process with status 143 after SIGTERM, the archive complete up to there.
    """
    budget.check(problem, breeding=True)
    return _run(Evolution(problem, budget), problem, evaluator, archive, budget)


def random_search(problem: Problem, evaluator: Evaluator, archive: Archive, budget: Budget) -> list[Record]:
    """Evaluate genomes as the problem draws them, and return the history; `population` and `offspring` are batches."""
    budget.check(problem, breeding=False)
    return _run(RandomDraws(), problem, evaluator, archive, budget)


def _run(strategy: Strategy, problem: Problem, evaluator: Evaluator, archive: Archive, budget: Budget) -> list[Record]:
    history: list[Record] = []
    seen: set[str] = set()
    with preemption.deferred():
        for generation, count in enumerate(_batches(budget)):
            generator = stream(budget.seed, "search draws", budget.run, generation)
            newcomers = Newcomers(problem, seen, budget.refuse, generator)
            for name in budget.initial[:count] if generation == 0 else ():
                newcomers.offer(problem.genome(name))
            candidates = strategy.ask(generation, count, newcomers)
            records = _evaluated(generation, candidates, evaluator, archive)
            strategy.tell(generation, candidates, np.array([record.objectives for record in records], float))
            history += records
            log.info("generation %d: %d of %d evaluations", generation, len(history), budget.evaluations)
    return history


def _batches(budget: Budget) -> Iterator[int]:
    """Yield how many genomes each generation asks for."""
    left = budget.evaluations - budget.population
    yield budget.population
    while left > 0:
        yield min(left, budget.offspring)
        left -= budget.offspring


def _evaluated(
    generation: int, candidates: Sequence[Candidate], evaluator: Evaluator, archive: Archive
) -> list[Record]:
    """Return the records of a generation in the order of asking; what the archive lacks is evaluated and committed."""
    wanted = [
        Record(generation, order, candidate.name, candidate.key, candidate.parents, ())
        for order, candidate in enumerate(candidates)
    ]
    by_key: dict[str, list[Record]] = {}
    for record in wanted:
        if _stored(archive, record) is None:
            by_key.setdefault(record.key, []).append(record)
    known = {key: found for key in by_key if (found := archive.of_key(key)) is not None}
    if known:
        archive.commit(
            _with(record, found.evaluation, reused=True) for key, found in known.items() for record in by_key[key]
        )
    missing = [records for key, records in by_key.items() if key not in known]
    genomes = [candidates[records[0].order].genome for records in missing]
    for group in evaluator.results(genomes) if genomes else ():
        archive.commit(
            _with(record, evaluation, reused=place > 0)
            for index, evaluation in group
            for place, record in enumerate(missing[index])
        )
    stored = [_stored(archive, record) for record in wanted]
    if preemption.requested():
        preemption.leave(archive.path)
    return [record for record in stored if record is not None]


def _with(record: Record, evaluation: Evaluation, reused: bool) -> Record:
    return replace(record, objectives=tuple(evaluation.objectives), extra=dict(evaluation.extra), reused=reused)


def _stored(archive: Archive, wanted: Record) -> Record | None:
    """Return what the archive holds of a genome; UserError where it was asked for at another point of the history."""
    found = archive.named(wanted.name)
    if found and (found.generation, found.order, found.parents) != (wanted.generation, wanted.order, wanted.parents):
        raise UserError(f"{archive.path}: history of another search, or damaged; delete it to start again")
    return found
