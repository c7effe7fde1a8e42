"""Telling known images from unknown ones by a network's logits: scores, and how well a score tells them apart.

Every score is higher for images that look in-distribution (InD); the InD images are the positives. All is float64: at
the temperatures of ODIN, float32 makes ties of images that differ.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, isfinite
from typing import Any

import numpy as np

from heterodox.errors import UserError

TEMPERATURE = 1000.0  # ODIN's (Liang et al. 2018)
SCORES = ("odin", "maximum_softmax", "maximum_logit", "energy")
ABLATION_COLUMNS = ("score", "temperature", "epsilon", "ood", "images", "auroc", "aupr", "fpr95")


def odin(logits: np.ndarray, temperature: float = TEMPERATURE) -> np.ndarray:
    """Return the logarithm (n,) of the largest softmax(logits / T), at most 0; higher = more in-distribution.

    `logits` (n, classes), T > 0 (Liang et al. 2018, Eq. 1). The others' share is summed apart from the largest, so
    that neither a sure image nor a high temperature makes ties. For T to infinity it ranks as max - mean of the logits.
    UserError for a temperature that is not a positive number.
    """
    _check_temperature(temperature)
    descending = -np.sort(-np.asarray(logits, np.float64), axis=1)
    return -np.log1p(np.exp((descending[:, 1:] - descending[:, :1]) / temperature).sum(axis=1))


def maximum_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm (n,) of the largest probability, at most 0 (Hendrycks and Gimpel 2017): ODIN with T = 1."""
    return odin(logits, 1.0)


def maximum_logit(logits: np.ndarray) -> np.ndarray:
    """Return the largest logit (n,), in logits (n, classes) (Hendrycks et al. 2022)."""
    return np.asarray(logits, np.float64).max(axis=1)


def energy(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the negative free energy (n,), T log sum exp(logits / T), in logits (Liu et al. 2020, Eq. 4)."""
    return maximum_logit(logits) - temperature * odin(logits, temperature)


def detection_score(name: str, logits: np.ndarray, temperature: float = TEMPERATURE) -> np.ndarray:
    """Return the score (n,) of that name for logits (n, classes); the temperature belongs to `odin` alone.

    `energy` is taken at T = 1, as published. UserError for an unknown name or a temperature that is not positive.
    """
    if name == "odin":
        return odin(logits, temperature)
    functions = {"maximum_softmax": maximum_softmax, "maximum_logit": maximum_logit, "energy": energy}
    if name not in functions:
        raise UserError(f"detection score {name}: is unknown; there are {', '.join(SCORES)}")
    return functions[name](logits)


def _check_temperature(temperature: float) -> None:
    if not (isfinite(temperature) and temperature > 0):
        raise UserError(f"temperature {temperature:g}: must be greater than 0; ODIN takes 1000")


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return the area under the ROC curve in [0, 1], higher = better: P(known > unknown) + P(equal) / 2.

    Scores (n,) of InD and (m,) of OoD images. Exact, with ties counted half (Mann and Whitney 1947): a sum of whole
    numbers over 2 n m. NaN where one of the two has no images. ValueError for a score that is NaN.
    """
    known, unknown = _checked(known), np.sort(_checked(unknown))
    if not len(known) or not len(unknown):
        return float("nan")
    below = np.searchsorted(unknown, known, "left").sum() + np.searchsorted(unknown, known, "right").sum()
    return float(below / (2 * len(known) * len(unknown)))


def aupr(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return the area under the precision-recall curve in [0, 1], higher = better, InD images positive.

    Average precision: the sum over thresholds of the rise in recall times the precision, without interpolation;
    equal scores share one threshold. Chance level is the share of InD images. NaN where one of the two has no images.
    """
    known, unknown = _checked(known), _checked(unknown)
    if not len(known) or not len(unknown):
        return float("nan")
    hits, false_alarms = _counts_above(known, unknown)
    rises = np.diff(hits, prepend=0)
    return float((rises * hits / (hits + false_alarms)).sum() / len(known))


def false_positive_rate(known: np.ndarray, unknown: np.ndarray, recall: float = 0.95) -> float:
    """Return the share of OoD images accepted where at least `recall` of the InD ones are, in [0, 1]; lower = better.

    With the default it is FPR95. An image is accepted whose score is at least the threshold, the highest one that
    accepts enough InD images. NaN where one of the two has no images.
    """
    known, unknown = np.sort(_checked(known)), _checked(unknown)
    if not len(known) or not len(unknown):
        return float("nan")
    needed = max(1, ceil(Fraction(str(recall)) * len(known)))
    return float((unknown >= known[len(known) - needed]).mean())


def detection_rates(known: np.ndarray, unknown: np.ndarray) -> dict[str, float]:
    """Return `auroc`, `aupr` and `fpr95` of InD scores (n,) against OoD scores (m,)."""
    return {
        "auroc": auroc(known, unknown),
        "aupr": aupr(known, unknown),
        "fpr95": false_positive_rate(known, unknown),
    }


def detection_ablation(
    known: np.ndarray, unknown: np.ndarray, sources: np.ndarray, names: Sequence[str], temperatures: Sequence[float]
) -> list[dict[str, Any]]:
    """Return one row per score, temperature and OoD set: score, temperature, epsilon, ood, images, auroc, aupr, fpr95.

    `known` (n, classes) and `unknown` (m, classes) are logits, `sources` (m,) the place in `names` of each OoD image's
    set. `odin` has a row per temperature, the other scores one with temperature NaN; epsilon is 0. The set `all` joins
    all of them, and `images` counts an OoD set's.
    """
    rows = [
        row
        for temperature in temperatures
        for row in perturbation_ablation(known, unknown, sources, names, temperature, 0.0)
    ]
    for score in SCORES[1:]:
        inside, outside = (detection_score(score, logits) for logits in (known, unknown))
        rows += _rows_by_set({"score": score, "temperature": float("nan")}, inside, outside, sources, names)
    return rows


def perturbation_ablation(
    known: np.ndarray,
    unknown: np.ndarray,
    sources: np.ndarray,
    names: Sequence[str],
    temperature: float,
    epsilon: float,
) -> list[dict[str, Any]]:
    """Return the rows of `odin` at one temperature, for logits of images perturbed by `epsilon`."""
    inside, outside = (odin(logits, temperature) for logits in (known, unknown))
    setting = {"score": "odin", "temperature": float(temperature), "epsilon": float(epsilon)}
    return _rows_by_set(setting, inside, outside, sources, names)


def _rows_by_set(
    setting: dict[str, Any], inside: np.ndarray, outside: np.ndarray, sources: np.ndarray, names: Sequence[str]
) -> list[dict[str, Any]]:
    rows = []
    for number, name in [(None, "all"), *enumerate(names)]:
        chosen = outside if number is None else outside[sources == number]
        found = {"epsilon": 0.0, **setting, "ood": name, "images": len(chosen), **detection_rates(inside, chosen)}
        rows.append({key: found[key] for key in ABLATION_COLUMNS})
    return rows


def _counts_above(known: np.ndarray, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each different score, from the highest down, how many InD and OoD images reach it."""
    thresholds = np.unique(np.concatenate([known, unknown]))[::-1]
    reaching = (len(scores) - np.searchsorted(np.sort(scores), thresholds, "left") for scores in (known, unknown))
    hits, false_alarms = reaching
    return hits, false_alarms


def _checked(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if np.isnan(scores).any():
        raise ValueError("a detection score is NaN")
    return scores
