"""Ensembles of pruned heads that lie side by side on a front: what a vote or a mean makes of them.

Members are chosen by what they are worth on validation images, inside a window of quantiles of accuracy or of AUROC
(MO-EvoPruneDeepTL, Section 5.4), and measured on test images against the best of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.metrics.consensus import log_softmax, majority_vote, mean_probability
from heterodox.metrics.detection import detection_score
from heterodox.metrics.weighted_detection import weighted_auroc

CONSENSUS = ("majority_vote", "mean_probability")
CRITERIA = ("accuracy", "auroc")


@dataclass(frozen=True)
class Outputs:
    """What M heads say about test images.

    known (M, n, classes), unknown (M, m, classes): logits; labels (n,); index (n,), unknown_index (m,): identities of
    the images, for the bootstrap. score, temperature: how in-distribution images are told, as in the search.
    """

    known: np.ndarray
    unknown: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    unknown_index: np.ndarray
    score: str
    temperature: float

    def of(self, heads: np.ndarray) -> "Outputs":
        """Return what these heads alone say, by their numbers."""
        return replace(self, known=self.known[heads], unknown=self.unknown[heads])


def inside_window(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return which of the values (M,) lie between their quantiles `low` and `high` (percent), both ends included."""
    edges = np.percentile(values, [low, high])
    return (values >= edges[0]) & (values <= edges[1])


def ensemble_scores(logits: np.ndarray, consensus: str, score: str, temperature: float) -> np.ndarray:
    """Return how in-distribution an ensemble finds each image, (n,) of logits (k, n, classes); higher = more.

    `mean_probability`: the score of the mean softmax, for ODIN the logarithm of the largest mean softmax(logits / T).
    `majority_vote`: the share of votes for the class that wins, equal shares told apart by the members' mean score.
    """
    own = np.stack([detection_score(score, member, temperature) for member in logits]).mean(axis=0)
    if consensus == "majority_vote":
        votes = (logits.argmax(axis=2) == majority_vote(logits)).mean(axis=0)
        return _lexicographic(votes, own)
    if score in ("odin", "maximum_softmax"):
        divisor = temperature if score == "odin" else 1.0
        return np.log(np.exp(log_softmax(np.asarray(logits, np.float64) / divisor)).mean(axis=0).max(axis=1))
    return own


def _lexicographic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return ranks by `first`, among equal ones by `second`; equal pairs share a rank."""
    _, ranks = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
    return ranks.astype(np.float64).ravel()


def window_table(
    outputs: Outputs,
    validation: pd.DataFrame,
    windows: Sequence[tuple[float, float]],
    seed: int,
    replicates: int,
) -> pd.DataFrame:
    """Return one row per window, its criterion, consensus and measure (accuracy, AUROC) on test images.

    validation: columns accuracy, auroc of the M heads on validation images, by which windows are cut. Columns:
    criterion, window, members, consensus, measure, value, best_single (the window's best member on the same test
    images: what is gained is measured against the hardest opponent), gain, low, high: 95 % bootstrap over images.
    Windows with fewer than two members have no ensemble: their row has its count and nothing else.
    """
    weights = image_weights(seed, outputs.index, replicates), image_weights(seed, outputs.unknown_index, replicates)
    rows = []
    for criterion in CRITERIA:
        for low, high in windows:
            chosen = np.flatnonzero(inside_window(validation[criterion].to_numpy(), low, high))
            window = {"criterion": criterion, "window": f"{low:g}-{high:g}", "members": len(chosen)}
            for consensus in CONSENSUS:
                for measure in CRITERIA:
                    row = {**window, "consensus": consensus, "measure": measure}
                    found = _gain(outputs, chosen, consensus, measure, weights) if len(chosen) > 1 else {}
                    rows.append(row | found)
    columns = ["criterion", "window", "members", "consensus", "measure", "value", "best_single", "gain", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _gain(
    outputs: Outputs, chosen: np.ndarray, consensus: str, measure: str, weights: tuple[np.ndarray, np.ndarray]
) -> dict[str, float]:
    """Return what an ensemble is worth, its best member, and the gain with its interval."""
    ones = tuple(np.ones((1, part.shape[1])) for part in weights)
    function = _accuracy if measure == "accuracy" else _auroc
    singles = [function(outputs, chosen[[place]], consensus, *ones)[0] for place in range(len(chosen))]
    best = chosen[[int(np.argmax(singles))]]
    value = function(outputs, chosen, consensus, *ones)[0]
    drawn = function(outputs, chosen, consensus, *weights) - function(outputs, best, consensus, *weights)
    bounds = np.nanpercentile(drawn, PERCENTILES) if len(drawn) else (np.nan, np.nan)
    top = max(singles)
    return {"value": value, "best_single": top, "gain": value - top, "low": bounds[0], "high": bounds[1]}


def _accuracy(
    outputs: Outputs, chosen: np.ndarray, consensus: str, weights: np.ndarray, unknown_weights: np.ndarray
) -> np.ndarray:
    decide = majority_vote if consensus == "majority_vote" else mean_probability
    right = decide(outputs.known[chosen]) == outputs.labels
    return weights.astype(np.float64) @ right / weights.sum(axis=1)


def _auroc(
    outputs: Outputs, chosen: np.ndarray, consensus: str, weights: np.ndarray, unknown_weights: np.ndarray
) -> np.ndarray:
    logits = np.concatenate([outputs.known[chosen], outputs.unknown[chosen]], axis=1)
    if len(chosen) == 1:
        scores = detection_score(outputs.score, logits[0], outputs.temperature)
    else:
        scores = ensemble_scores(logits, consensus, outputs.score, outputs.temperature)
    count = len(outputs.labels)
    return weighted_auroc(scores[:count], scores[count:], weights, unknown_weights)


def gain_over_unpruned(
    outputs: Outputs, unpruned: Outputs, runs: Sequence[int], validation: pd.DataFrame
) -> pd.DataFrame:
    """Return what each run's head that is best on validation images gains over its unpruned head, on test images.

    outputs: the M heads of the front, of the runs (M,) counted from 1; unpruned: one head per run. One row per measure
    (accuracy, auroc) and run that has a head on the front; columns measure, run, place (of the best head), value,
    unpruned, gain. Runs are what repeats, so an interval is to be taken over them.
    """
    ones = np.ones((1, len(outputs.labels))), np.ones((1, len(outputs.unknown_index)))
    rows = []
    for measure, function in (("accuracy", _accuracy), ("auroc", _auroc)):
        values = validation[measure].to_numpy()
        for run in sorted(set(runs)):
            places = np.flatnonzero(np.asarray(runs) == run)
            place = int(places[values[places].argmax()])
            value, before = (
                float(function(which, np.array([chosen]), "mean_probability", *ones)[0])
                for which, chosen in ((outputs, place), (unpruned, run - 1))
            )
            numbers = {"value": value, "unpruned": before, "gain": value - before}
            rows.append({"measure": measure, "run": run, "place": place, **numbers})
    return pd.DataFrame(rows)
