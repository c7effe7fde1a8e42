"""The search among cells for accuracy and introspectability (Carmichael, Moon & Jacobs, Section 3.2 and Appendix B).

A genome is six numbers, one per edge. The operators see each as continuous on [-0.5, 4.5); what they return is rounded
half up, so that every operation owns an interval of the same width (rounding on [0, 4] would give the first and the
last half of the others' share). Cells whose output nothing reaches are bred or drawn again, never evaluated.
"""

from typing import Any

import numpy as np

from heterodox.networks.cells import EDGES, OPERATIONS, Encoding, canonical, from_string, is_connected, to_string

OBJECTIVES = ("negated_accuracy", "negated_introspectability")  # searches minimise
CONNECTED_ENCODINGS = 15_284  # of 15,625
CONNECTED_FUNCTIONS = 5_043  # canonical forms among them
# How a genome is refused, by the word in the configuration: when its function is known, or only when its encoding is.
REFUSED = {"canonical": "key", "encoding": "name"}


def rounded(values: np.ndarray) -> np.ndarray:
    """Return the operations nearest to values, halves rounded up, kept within 0..4."""
    return np.clip(np.floor(np.asarray(values, float) + 0.5), 0, len(OPERATIONS) - 1)


def encoding_of(genome: np.ndarray) -> Encoding:
    """Return the encoding of a genome that is rounded already."""
    return tuple(int(value) for value in genome)


class CellProblem:
    """The space of cells for `searches.nsga2`, with the paper's operators.

    Simulated binary crossover (probability 0.9 per pair and 0.5 per variable, eta 3) and polynomial mutation of every
    child (1/6 per variable, eta 3). `duplicates` is `canonical` (cells that compute the same function are evaluated
    once) or `encoding` (the paper's: only equal encodings are refused; others of one function share its result).
    """

    dtype = float
    objectives = OBJECTIVES

    def __init__(self, duplicates: str = "canonical") -> None:
        from pymoo.operators.crossover.sbx import SBX
        from pymoo.operators.mutation.pm import PM

        self.lower = np.full(len(EDGES), -0.5)
        self.upper = np.full(len(EDGES), len(OPERATIONS) - 0.5)
        self.size: int | None = CONNECTED_FUNCTIONS if duplicates == "canonical" else CONNECTED_ENCODINGS
        self.refuse = REFUSED[duplicates]
        self.crossover: Any = SBX(prob=0.9, prob_var=0.5, eta=3)
        self.mutation: Any = PM(prob=1.0, prob_var=1 / len(EDGES), eta=3)

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draw genomes (count, 6): every edge gets each operation with probability 0.2."""
        return generator.integers(0, len(OPERATIONS), (count, len(EDGES))).astype(float)

    def repair(self, genome: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the genome rounded to operations."""
        return rounded(genome)

    def valid(self, genome: np.ndarray) -> bool:
        """Say whether the cell's output depends on its input."""
        return is_connected(encoding_of(genome))

    def name(self, genome: np.ndarray) -> str:
        """Return the cell as NAS-Bench-201 writes it."""
        return to_string(encoding_of(genome))

    def genome(self, name: str) -> np.ndarray:
        """Return the genome of a cell written so."""
        return np.array(from_string(name), float)

    def key(self, genome: np.ndarray) -> str:
        """Return the canonical form of the cell's function."""
        return canonical(encoding_of(genome))
