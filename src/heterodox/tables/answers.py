"""How well the members of a set answer, alone and together: accuracy and area under the ROC curve."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.metrics.ranking import mean_area_under_roc
from heterodox.storage.annotations import UNKNOWN, AnnotatedFile
from heterodox.tables.paired_tests import compare

MOST_REPLICATES = 100  # each sorts all answers of all members


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
    alone, together = _areas(members, ensemble, truths)
    weights = image_weights(seed, index, min(replicates, MOST_REPLICATES)).astype(float)
    drawn = [found[1] - found[0].mean() for found in (_areas(members, ensemble, truths, own) for own in weights)]
    told = np.array(drawn)[np.isfinite(drawn)]  # a replicate may lack every output
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


def _areas(
    members: np.ndarray, ensemble: np.ndarray, truths: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    alone = np.array([_defined_mean(mean_area_under_roc(own, truths, weights)) for own in members])
    return alone, _defined_mean(mean_area_under_roc(ensemble, truths, weights))


def _defined_mean(areas: np.ndarray) -> float:
    """Return the mean over outputs that occur and are missing; NaN where all images are alike in all of them."""
    defined = areas[np.isfinite(areas)]
    return float(defined.mean()) if len(defined) else float("nan")
