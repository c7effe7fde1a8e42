"""Masks as genomes: what a pruning search breeds, and how a mask is evaluated (MO-EvoPruneDeepTL, Section 3).

Poyatos, Molina, Martinez-Seras, Del Ser & Herrera, "Multiobjective Evolutionary Pruning of Deep Neural Networks with
Transfer Learning for improving their Performance and Robustness". Three differences: the objectives are measured on
validation data, a mask that would cut everything is repaired, and offspring is as large as the population by default,
because evaluations run together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from heterodox.networks.masked_heads import gene_count
from heterodox.searches.archive import Evaluation
from heterodox.searches.mask_names import mask_name, named_mask
from heterodox.storage.features import read_features
from heterodox.training.populations import Evaluations, SearchFeatures, evaluate_masks
from heterodox.training.recipe import HeadRecipe

OBJECTIVES = ("error", "active_share", "auroc_loss")


class Masks:
    """The masks of one scope over P features and H hidden units, as a space to search in.

    Drawn with a density of its own for each, uniform in 0..1; bred by uniform crossover of every pair and a flip of
    each bit with probability 1 / genes.
    """

    dtype: type = bool
    objectives = OBJECTIVES

    def __init__(self, scope: str, features: int, hidden: int) -> None:
        from pymoo.operators.crossover.ux import UniformCrossover
        from pymoo.operators.mutation.bitflip import BitflipMutation

        self.genes = gene_count(scope, features, hidden)
        # A head without features, or without hidden units, sees nothing.
        self._kinds = [slice(0, features), slice(features, None)] if scope == "both" else [slice(None)]
        self.lower, self.upper = np.zeros(self.genes), np.ones(self.genes)
        self.size = 2**self.genes - 1 if self.genes < 20 and len(self._kinds) == 1 else None
        self.crossover: Any = UniformCrossover(prob=1.0)
        self.mutation: Any = BitflipMutation(prob=1.0, prob_var=1 / self.genes)

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draw masks (count, genes), each with its own density."""
        densities = generator.random((count, 1))
        return generator.random((count, self.genes)) < densities

    def repair(self, genome: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the mask itself, or where it keeps no feature or no unit, the mask with one of them at random."""
        for kind in self._kinds:
            if not genome[kind].any():
                genome = genome.copy()
                places = np.arange(self.genes)[kind]
                genome[places[generator.integers(len(places))]] = True
        return genome

    def valid(self, genome: np.ndarray) -> bool:
        """Say that every repaired mask can be evaluated."""
        return True

    def name(self, genome: np.ndarray) -> str:
        """Return the mask as text."""
        return mask_name(genome)

    def genome(self, name: str) -> np.ndarray:
        """Return the mask that has this name."""
        return named_mask(name)

    def key(self, genome: np.ndarray) -> str:
        """Return the name: no two masks are one network."""
        return mask_name(genome)


@dataclass(frozen=True)
class MaskEvaluation:
    """How masks are evaluated, without the data: it travels to other processes, which read the features themselves.

    `train`, `validation`, `ood_validation` are feature files; the other fields are those of `evaluate_masks`.
    """

    train: Path
    validation: Path
    ood_validation: Path
    recipe: HeadRecipe
    seed: int
    run: int
    scope: str
    score: str
    temperature: float

    def __call__(self, genome: np.ndarray) -> Evaluation:
        """Return the objectives of one mask."""
        return self.together([genome])[0]

    def together(self, genomes: Sequence[np.ndarray]) -> list[Evaluation]:
        """Return the objectives of several masks, their heads trained in one computation."""
        features = search_features(self.train, self.validation, self.ood_validation)
        settings = (self.recipe, self.seed, self.run, self.scope, self.score, self.temperature)
        return _as_records(evaluate_masks(features, np.array(genomes), *settings))


def _as_records(found: Evaluations) -> list[Evaluation]:
    return [
        Evaluation(tuple(map(float, row)), {"epochs": int(epochs), "parameters": one.head.parameters})
        for row, epochs, one in zip(found.objectives, found.epochs, found.heads, strict=True)
    ]


@cache
def search_features(train: Path, validation: Path, ood_validation: Path) -> SearchFeatures:
    """Read what a search may see, once per process; UserError where the files are of different backbones."""
    known = read_features(train)
    return SearchFeatures(known, read_features(validation, known), read_features(ood_validation, known))
