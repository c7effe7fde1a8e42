"""The heads that a pruning study compares: those of the front, and what they have to be better than.

Everything is trained again as in the search, which is the same computation, and then measured on the test images, which
the search never saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heterodox.networks.masked_heads import gene_count
from heterodox.storage.features import Features
from heterodox.training.populations import SearchFeatures, TrainedHead, accuracy_and_auroc, measure_head, train_heads
from heterodox.training.pruning_baselines import magnitude_masks, random_masks, whole_mask
from heterodox.training.recipe import HeadRecipe


@dataclass(frozen=True)
class HeadStudy:
    """The data and the settings of `populations.evaluate_masks`, and the test images."""

    features: SearchFeatures
    test: Features
    ood_test: Features
    recipe: HeadRecipe
    seed: int
    scope: str
    score: str
    temperature: float

    @property
    def genes(self) -> int:
        """Return the number of genes of the scope."""
        return gene_count(self.scope, self.features.feature_count, self.recipe.hidden)

    def train(self, masks: np.ndarray, run: int) -> list[TrainedHead]:
        """Return the trained heads of masks (M, genes) in one run."""
        return train_heads(
            self.features.train, self.features.validation, masks, self.recipe, self.seed, run, self.scope
        )

    def row(self, kind: str, run: int, mask: np.ndarray, head: TrainedHead) -> dict[str, Any]:
        """Return what a head is worth on validation and on test images.

        Columns: kind, run, active_share, parameters, epochs, and accuracy, auroc (higher = better) on validation images
        and, with the prefix test_, on test images.
        """
        accuracy, auroc = measure_head(head.head, self.features, self.score, self.temperature)
        on_test = accuracy_and_auroc(head.head, self.test, self.ood_test, self.score, self.temperature)
        return {
            "kind": kind,
            "run": run,
            "active_share": float(np.mean(mask)),
            "parameters": head.head.parameters,
            "epochs": head.epochs,
            "accuracy": accuracy,
            "auroc": auroc,
            "test_accuracy": on_test[0],
            "test_auroc": on_test[1],
        }


def front_heads(study: HeadStudy, masks: np.ndarray, runs: Sequence[int]) -> list[TrainedHead]:
    """Return the heads of a front's masks (M, genes), each in the run that found it, in their order."""
    trained: dict[int, TrainedHead] = {}
    for run in sorted(set(runs)):
        places = [place for place, own in enumerate(runs) if own == run]
        trained |= zip(places, study.train(masks[places], run), strict=True)
    return [trained[place] for place in range(len(masks))]


def baseline_rows(
    study: HeadStudy, masks: np.ndarray, runs: Sequence[int], unpruned: Sequence[TrainedHead]
) -> list[dict[str, Any]]:
    """Return the rows of the unpruned head of every run, and of masks of the front's densities.

    Per mask of the front, in its run: one by the magnitude of the unpruned head's weights (`magnitude`) and one by
    chance (`random`). Column `place` names the mask of the front that has the same density, -1 for unpruned heads.
    """
    rows = []
    for run, whole in enumerate(unpruned, 1):
        rows.append(study.row("unpruned", run, np.ones(study.genes), whole) | {"place": -1})
        places = [place for place, own in enumerate(runs) if own == run]
        if not places:
            continue
        shares = masks[places].mean(axis=1).tolist()
        by_kind = {
            "magnitude": _kept_alive(magnitude_masks(whole.head, shares, study.scope), study),
            "random": _kept_alive(random_masks(study.genes, shares, study.seed, run), study),
        }
        for kind, found in by_kind.items():
            for place, mask, head in zip(places, found, study.train(found, run), strict=True):
                rows.append(study.row(kind, run, mask, head) | {"place": place})
    return rows


def _kept_alive(masks: np.ndarray, study: HeadStudy) -> np.ndarray:
    """Return the masks with at least one feature and one unit where both are genes: the first of either stays."""
    if study.scope == "both":
        for part in (slice(0, study.features.feature_count), slice(study.features.feature_count, None)):
            masks[~masks[:, part].any(axis=1), part.start] = True
    return masks


def unpruned_heads(study: HeadStudy, runs: int) -> list[TrainedHead]:
    """Return the unpruned head of every run."""
    whole = whole_mask(study.scope, study.features.feature_count, study.recipe.hidden)
    return [study.train(whole, run)[0] for run in range(1, runs + 1)]


def outputs_of(
    study: HeadStudy, heads: Sequence[TrainedHead], unpruned: Sequence[TrainedHead]
) -> dict[str, np.ndarray]:
    """Return logits float32 of heads on test images, `known` (M, n, classes) and `unknown` (M, m, classes), and labels.

    `unpruned_known`, `unpruned_unknown`: those of the unpruned heads, one per run. `labels` and `index` (n,) are those
    of the known images; `sources` (m,) the OoD set of each unknown one.
    """
    known, unknown = study.test.values, study.ood_test.values
    return {
        "known": np.stack([one.head.logits(known) for one in heads]),
        "unknown": np.stack([one.head.logits(unknown) for one in heads]),
        "unpruned_known": np.stack([one.head.logits(known) for one in unpruned]),
        "unpruned_unknown": np.stack([one.head.logits(unknown) for one in unpruned]),
        "labels": study.test.labels,
        "index": study.test.index,
        "sources": study.ood_test.labels,
    }
