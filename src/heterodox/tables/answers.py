"""How well the members of a set answer, alone and together: accuracy and area under the ROC curve."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.metrics.ranking import mean_areas_under_roc
from heterodox.storage.annotations import UNKNOWN, AnnotatedFile
from heterodox.tables.paired_tests import compare


def truths_of(images: AnnotatedFile, task: Mapping[str, Any], outputs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return what is true of each output, bool (N, outputs), and of which images it is known, bool (N,)."""
    if task["presence"]:
        there = [images.masks(part).any(axis=(1, 2)) for part in outputs]
        return np.stack(there, axis=1), np.ones(len(images), bool)
    values = images.attribute(task["attribute"])
    return values[:, None] == np.arange(len(outputs)), values != UNKNOWN


def accuracy(probabilities: np.ndarray, truths: np.ndarray, multi_label: bool) -> float:
    """Return the share of right answers: top classes, or yes-or-no answers at 1/2."""
    if multi_label:
        return float(((probabilities > 0.5) == truths).mean())
    return float((probabilities.argmax(-1) == truths.argmax(-1)).mean())


def answers_row(
    logits: np.ndarray, truths: np.ndarray, index: np.ndarray, multi_label: bool, seed: int = 1, replicates: int = 1000
) -> dict[str, object]:
    """Return accuracy and mean area under the ROC curve of members (their mean) and of their mean probability.

    `logits` (n, M, outputs), `truths` bool (n, outputs), `index` the images' identities. The difference of the areas
    has an interval, bootstrapped over images, and a paired t-test over members: each against the ensemble.
    """
    probabilities = expit(logits) if multi_label else softmax(logits, axis=-1)
    members, ensemble = probabilities.transpose(1, 0, 2), probabilities.mean(axis=1)
    once = np.ones((1, len(logits)))
    alone = np.concatenate([mean_areas_under_roc(own, truths, once) for own in members])
    together = float(mean_areas_under_roc(ensemble, truths, once)[0])
    drawn = _differences(members, ensemble, truths, image_weights(seed, index, replicates))
    told = drawn[np.isfinite(drawn)]  # a replicate may lack every output
    low, high = np.percentile(told, PERCENTILES) if len(told) else (np.nan, np.nan)
    return {
        "members": len(members),
        "images": len(logits),
        "accuracy_of_members": float(np.mean([accuracy(own, truths, multi_label) for own in members])),
        "accuracy_of_ensemble": accuracy(ensemble, truths, multi_label),
        "auc_of_members": float(alone.mean()),
        "auc_of_ensemble": together,
        "auc_difference": together - float(alone.mean()),
        "low": float(low),
        "high": float(high),
        "t_p": compare(alone, np.full(len(alone), together)).t_p,
    }


def _differences(members: np.ndarray, ensemble: np.ndarray, truths: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the ensemble's area minus the mean of the members' for each weighting (B,)."""
    alone = np.mean([mean_areas_under_roc(own, truths, weights) for own in members], axis=0)
    return mean_areas_under_roc(ensemble, truths, weights) - alone
