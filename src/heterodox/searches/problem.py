"""What a search has to know of the things it searches among."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from heterodox.searches.archive import Evaluation


class Problem(Protocol):
    """A space of genomes, each an array (genes,), and how they are drawn, bred and told apart.

    lower, upper: (genes,) bounds, for operators that need them. dtype: of a genome, such as bool or float.
    objectives: names of what an evaluation returns, in its order; all are minimised.
    crossover, mutation: operators of pymoo, whose random numbers the search brings.
    size: the number of distinct valid keys, None where it is too large to matter.
    """

    lower: np.ndarray
    upper: np.ndarray
    dtype: type
    objectives: tuple[str, ...]
    crossover: Any
    mutation: Any
    size: int | None

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draw genomes (count, genes); they may be invalid or equal, the search draws again then."""
        ...

    def repair(self, genome: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the nearest genome that can be evaluated, for most the same; must not change its argument."""
        ...

    def valid(self, genome: np.ndarray) -> bool:
        """Say whether a repaired genome may be evaluated; one that may not is bred or drawn again."""
        ...

    def name(self, genome: np.ndarray) -> str:
        """Return the genome as text, its identity in the history."""
        ...

    def genome(self, name: str) -> np.ndarray:
        """Return the genome that has this name."""
        ...

    def key(self, genome: np.ndarray) -> str:
        """Return the canonical text: genomes with the same key are one network, evaluated once."""
        ...


class Evaluate(Protocol):
    """Evaluates one genome; the same genome gives the same numbers in every process. Picklable."""

    def __call__(self, genome: np.ndarray) -> Evaluation:
        """Return the objectives, in the problem's order."""
        ...


class EvaluateTogether(Protocol):
    """Evaluates several genomes in one computation, whose composition may decide the last bits of the numbers."""

    def __call__(self, genomes: Sequence[np.ndarray]) -> list[Evaluation]:
        """Return the objectives of each."""
        ...
