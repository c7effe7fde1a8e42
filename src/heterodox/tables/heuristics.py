"""Teams by the heuristic that enforced their diversity: means over seeds with intervals (Figure 10 of the paper)."""

import numpy as np
import pandas as pd
from scipy.stats import t as student

COLUMNS = ["team", "seed", "loss", "penalty_consensus", "lambda", "shift", "consensus", "accuracy"]
MEASURES = [
    "accuracy",
    "mean_member_accuracy",
    "improvement",
    "disagreement",
    "equitability_correct",
    "equitability_incorrect",
    "attribution_diversity",
]
GROUP = ["heuristic", "loss", "penalty_consensus", "lambda", "shift", "consensus"]


def with_heuristics(teams: pd.DataFrame) -> pd.DataFrame:
    """Return teams.csv with the column `heuristic`, the loss and where it matters the consensus in its penalty.

    Penalties with `mean_logit` and with `geometric_mean` have the same loss and gradient, so these teams are one
    heuristic, called by the former name: its teams count as further seeds.
    """
    consensus = teams["penalty_consensus"].replace("geometric_mean", "mean_logit").where(_penalised(teams["loss"]))
    plain = consensus.isna() | ((teams["loss"] != "gncl") & (consensus == "mean_logit"))
    names = teams["loss"].where(plain, teams["loss"] + "_" + consensus.fillna(""))
    return teams.assign(heuristic=names, penalty_consensus=consensus)


def _penalised(losses: pd.Series) -> pd.Series:
    return losses.isin(["gncl", "masked_gncl"])


def summarise(teams: pd.DataFrame) -> pd.DataFrame:
    """Return one row per heuristic, lambda, shift and consensus: means over `seeds` teams, 95 % t-intervals.

    teams: the table teams.csv. With the few seeds of a study the intervals are wide; with one they are missing.
    """
    known = with_heuristics(teams)
    measures = [name for name in MEASURES if name in known.columns]
    rows = []
    for names, group in known.groupby(GROUP, sort=False, dropna=False):
        row = dict(zip(GROUP, names, strict=True)) | {"seeds": len(group)}
        for name in measures:
            value, low, high = mean_interval(group[name].to_numpy(np.float64))
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of values (n,) and its 95 % interval by Student's t; NaN bounds for one value."""
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return mean, float("nan"), float("nan")
    half = student.ppf(0.975, n - 1) * float(np.std(values, ddof=1)) / np.sqrt(n)
    return mean, mean - half, mean + half


def difference_interval(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Return mean(first) - mean(second) with Welch's 95 % interval; NaN bounds where one of them is a single value."""
    value = float(np.mean(first) - np.mean(second))
    if min(len(first), len(second)) < 2:
        return value, float("nan"), float("nan")
    parts = [np.var(values, ddof=1) / len(values) for values in (first, second)]
    if sum(parts) == 0:
        return value, value, value
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (first, second), strict=True)
    )
    half = student.ppf(0.975, freedom) * np.sqrt(sum(parts))
    return value, float(value - half), float(value + half)
