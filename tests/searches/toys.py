"""A small space for the tests of searches, its evaluations, and a program that searches it and can be killed."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heterodox.searches.archive import Archive, Evaluation
from heterodox.searches.evaluators import Together, evaluator_of
from heterodox.searches.nsga2 import Budget, nsga2, random_search
from heterodox.streams import stream

GENES = 12
OBJECTIVES = ("ones_wrong", "active")


class Masks:
    """Boolean masks (GENES,); all-zero ones are repaired, and turning all bits round is the same network."""

    lower, upper = np.zeros(GENES), np.ones(GENES)
    dtype: type = bool
    objectives = OBJECTIVES
    size: int | None = None

    def __init__(self) -> None:
        from pymoo.operators.crossover.ux import UniformCrossover
        from pymoo.operators.mutation.bitflip import BitflipMutation

        self.crossover, self.mutation = UniformCrossover(prob=1.0), BitflipMutation(prob=1.0, prob_var=1 / GENES)

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        return generator.random((count, GENES)) < generator.random((count, 1))

    def repair(self, genome: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return genome if genome.any() else np.arange(GENES) == generator.integers(GENES)

    def valid(self, genome: np.ndarray) -> bool:
        return bool(genome[:2].any() or genome[2:].all())

    def name(self, genome: np.ndarray) -> str:
        return "".join(map(str, genome.astype(int)))

    def genome(self, name: str) -> np.ndarray:
        return np.array(list(name)) == "1"

    def key(self, genome: np.ndarray) -> str:
        return max(self.name(genome), self.name(~genome))


def objectives_of(genome: np.ndarray) -> tuple[float, float]:
    """Return a noisy value that depends on the genome alone, and the share of ones."""
    key = Masks().key(genome)
    noise = stream(0, "toy", key).random()
    return float(np.abs(genome - np.arange(GENES) % 2).mean() + noise), float(genome.mean())


@dataclass(frozen=True)
class Evaluate:
    """Evaluates a mask; counts calls as files in a folder, may be slow, and may die or raise at some of them.

    deaths: how many processes die at the first genome they meet, each once per file. raises: at every genome.
    """

    folder: Path
    seconds: float = 0.0
    deaths: int = 0
    raises: bool = False

    def __call__(self, genome: np.ndarray) -> Evaluation:
        name = Masks().name(genome)
        for death in range(self.deaths):
            if self._first(f"death-{death}"):
                os.kill(os.getpid(), signal.SIGKILL)
        if self.raises:
            raise ArithmeticError("the loss is no number")
        time.sleep(self.seconds)
        self._first(f"{name}-{os.getpid()}-{time.monotonic_ns()}")
        return Evaluation(objectives_of(genome), {"threads": int(os.environ.get("OMP_NUM_THREADS", 0))})

    def _first(self, name: str) -> bool:
        try:
            (self.folder / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def calls(self) -> list[str]:
        """Return the names of what was evaluated, as often as it was."""
        return sorted(file.name.split("-")[0] for file in self.folder.glob("[01]*"))


@dataclass(frozen=True)
class EvaluateTogether:
    """Evaluates a population; the composition shows in the last digits, as in batched matrix products."""

    one: Evaluate

    def __call__(self, genomes: list[np.ndarray]) -> list[Evaluation]:
        together = float(np.mean([genome.mean() for genome in genomes])) * 1e-9
        found = [self.one(genome) for genome in genomes]
        return [Evaluation((each.objectives[0] + together, each.objectives[1])) for each in found]


BUDGET = Budget(population=6, offspring=5, evaluations=23, seed=3, run=1)
SEARCHES = {"nsga2": nsga2, "random": random_search}


def main(state: Path, folder: Path, kind: str, search: str, seconds: float) -> None:
    """Search; the history goes to standard output when it is whole."""
    one = Evaluate(folder, seconds)
    with Archive(state, "toy", OBJECTIVES) as archive:
        if kind == "together":
            records = SEARCHES[search](Masks(), Together(EvaluateTogether(one)), archive, BUDGET)
        else:
            with evaluator_of(kind, one, workers=2) as evaluator:
                records = SEARCHES[search](Masks(), evaluator, archive, BUDGET)
    print(*records, sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5]))
