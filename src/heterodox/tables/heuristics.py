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
    heuristic, called by the former name.
    """
    consensus = teams["penalty_consensus"].replace("geometric_mean", "mean_logit").where(_penalised(teams["loss"]))
    plain = consensus.isna() | ((teams["loss"] != "gncl") & (consensus == "mean_logit"))
    names = teams["loss"].where(plain, teams["loss"] + "_" + consensus.fillna(""))
    return teams.assign(heuristic=names, penalty_consensus=consensus)


def _penalised(losses: pd.Series) -> pd.Series:
    return losses.isin(["gncl", "masked_gncl"])


def summarise(teams: pd.DataFrame) -> pd.DataFrame:
    """Return one row per heuristic, lambda, shift and consensus: means over `seeds` seeds, 95 % t-intervals.

    teams: the table teams.csv. `gain` is how much more accurate than the independent teams of the same seed and
    consensus these teams are: teams of one seed begin with the same networks, so this is what the loss does. Teams of
    one heuristic and seed are averaged first. With the few seeds of a study the intervals are wide; with one seed they
    are missing, and so is the gain where no independent team has a seed in common.
    """
    known = with_heuristics(teams)
    measures = [name for name in MEASURES if name in known.columns]
    plain = {
        names: group.groupby("seed")["accuracy"].mean()
        for names, group in known[known["heuristic"] == "independent"].groupby(["shift", "consensus"])
    }
    rows = []
    for names, group in known.groupby(GROUP, sort=False, dropna=False):
        row = dict(zip(GROUP, names, strict=True))
        seeds = group.groupby("seed")[measures].mean()
        independent = plain.get((row["shift"], row["consensus"]), pd.Series(dtype=np.float64))
        row |= {"seeds": len(seeds)}
        for name, own in seeds.assign(gain=by_seed(seeds["accuracy"], independent)).items():
            value, low, high = mean_interval(own.dropna().to_numpy(np.float64))
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def by_seed(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return first - second for every seed, the index of both, that both have."""
    return (first - second).dropna()


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of values (n,) and its 95 % interval by Student's t; NaN where there are too few values."""
    n = len(values)
    mean = float(np.mean(values)) if n else float("nan")
    if n < 2:
        return mean, float("nan"), float("nan")
    half = student.ppf(0.975, n - 1) * float(np.std(values, ddof=1)) / np.sqrt(n)
    return mean, mean - half, mean + half
