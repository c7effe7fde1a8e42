"""The search among cells for accuracy and introspectability (Carmichael, Moon & Jacobs, Section 3.2 and Appendix B).

A genome is six numbers, one per edge. The operators see each as continuous on [-0.5, 4.5); what they return is rounded
half up, so that every operation owns an interval of the same width (rounding on [0, 4] would give the first and the
last half of the others' share). Cells whose output nothing reaches are bred or drawn again, never evaluated.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.networks.cells import EDGES, OPERATIONS, Encoding, canonical, from_string, is_connected, to_string
from heterodox.searches.archive import Archive, Evaluation, Record, history_table
from heterodox.searches.class_similarity import similarities_of_classes
from heterodox.searches.evaluators import Evaluator
from heterodox.searches.nsga2 import Budget, nsga2, random_search
from heterodox.storage.images import ImageFile

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

    dtype: type = float
    objectives: tuple[str, ...] = OBJECTIVES

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


def objective_key(introspectability: Mapping[str, Any]) -> str:
    """Return which of `evaluate_cell`'s values is the second objective, by `cells.introspectability` of a config."""
    weighted = "_wordnet" if introspectability["wordnet"] else ""
    return f"introspectability{weighted}" + ("_predicted" if introspectability["classes"] == "predicted" else "")


@dataclass(frozen=True)
class CellTraining:
    """Trains and measures cells, each the same in every process; what a search evaluates. Picklable.

    data, recipe, seed, skeleton, layers, wordnet: as `cell_evaluation.evaluate_cell` takes them. objective: the name of
    the value that is the second objective.
    """

    data: Mapping[str, Any]
    recipe: Mapping[str, Any]
    seed: int
    skeleton: Mapping[str, int]
    layers: Sequence[str]
    wordnet: Mapping[str, str] | None
    objective: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any], train: Path, validation: Path) -> "CellTraining":
        """Read what a rule hands on of the config's `cells`, with the image files of both splits."""
        measured = config["introspectability"]
        wordnet = {"folder": measured["wordnet_folder"], "synsets": measured["wordnet_synsets"]}
        return cls(
            data={
                "train": str(train),
                "validation": str(validation),
                "dataset": config["dataset"],
                "images": config["images"],
            },
            recipe=config["recipe"],
            seed=config["seed"],
            skeleton=config["space"],
            layers=measured["layers"],
            wordnet=wordnet if measured["wordnet"] else None,
            objective=objective_key(measured),
        )

    def changed(self, images: Mapping[str, Any] | None = None, width: int = 1, **recipe: Any) -> "CellTraining":
        """Return the same with other images, `width` times the channels and other values of the recipe."""
        skeleton = {**self.skeleton, "width": width * self.skeleton["width"]}
        data = {**self.data, "images": {**self.data["images"], **(images or {})}}
        return replace(self, data=data, skeleton=skeleton, recipe={**self.recipe, **recipe})

    def check(self) -> None:
        """Raise UserError, before anything is trained, where WordNet or a class's synset is missing."""
        if self.wordnet is not None:
            with ImageFile(Path(self.data["validation"])) as images:
                similarities_of_classes(images.classes, self.wordnet)

    def __call__(self, genome: np.ndarray) -> Evaluation:
        """Return both objectives, NaN where training failed, with everything else that was measured."""
        found = self.trained(encoding_of(genome))
        values = [found["accuracy"], found.get(self.objective)]
        objectives = tuple(math.nan if value is None else -float(value) for value in values)
        left_out = ("encoding", "cell", "canonical", "seed", "threads")
        extra = {name: value for name, value in found.items() if name not in left_out}
        return Evaluation(objectives, {**extra, "objective": values[1]})

    def trained(self, encoding: Sequence[int], **files: Any) -> dict[str, Any]:
        """Return what `evaluate_cell` measures; `files` are its `weights` and `state`.

        UserError where weights are asked for and the training diverges.
        """
        from heterodox.searches.cell_evaluation import evaluate_cell  # tables know cells and load no torch

        found = evaluate_cell(
            encoding, self.data, self.recipe, self.seed, self.skeleton, self.layers, self.wordnet, **files
        )
        if "weights" in files and "fault" in found:
            raise UserError(f"cell {to_string(encoding)}: cannot be a member: {found['fault']}")
        return found


def run_search(
    search: str,
    problem: CellProblem,
    evaluator: Evaluator,
    archive: Archive,
    budget: Budget,
    front: Sequence[str] = (),
) -> list[Record]:
    """Run one search of Table 1 and return its history.

    `multi` is NSGA-II for both objectives, `single` its sibling for accuracy. `random` and `regulariser` draw cells;
    what the regulariser changes is the evaluator's training. `multi_regulariser` evaluates the cells in `front`.
    """
    budget = replace(budget, refuse=problem.refuse)
    if search == "multi":
        return nsga2(problem, evaluator, archive, budget)
    if search == "single":
        return nsga2(problem, evaluator, archive, replace(budget, steered_by=OBJECTIVES[:1]))
    if search in ("random", "regulariser"):
        return random_search(problem, evaluator, archive, budget)
    if search != "multi_regulariser":
        raise UserError(f"search {search}: is none of multi, single, random, regulariser, multi_regulariser")
    count = len(front)
    again = replace(budget, initial=tuple(front), population=count, offspring=count, evaluations=count)
    return random_search(problem, evaluator, archive, again)


def cell_history(records: Sequence[Record]) -> pd.DataFrame:
    """Return the history as a table, with `accuracy` and `introspectability`, the two objectives, as they are.

    Introspectability by other definitions stands in its own columns; `introspectability_plain` is Eq. 1 by true label.
    """
    table = history_table(records, OBJECTIVES).drop(columns=list(OBJECTIVES))
    table = table.rename(columns={"introspectability": "introspectability_plain"})
    table = table.rename(columns={"objective": "introspectability"})
    first = ["generation", "order", "genome", "key", "parents", "reused", "accuracy", "introspectability"]
    # What comes back from the archive has lost the order of its values.
    return table[[*first, *sorted(name for name in table.columns if name not in first)]]
