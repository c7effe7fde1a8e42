"""RQ1 in numbers: what explains how well a single member bears a shift, and which members make a fair comparison."""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd

from heterodox.metrics.regression import coefficients, explained_share, is_determined, shared_out
from heterodox.metrics.trends import trend
from heterodox.streams import stream

COLUMNS = ["member", "arch", "class", "approach", "parameters", "shift", "top1"]
REGRESSION_COLUMNS = ["shift", "factor", "statistic", "n", "value", "low", "high", "redrawn"]
PERCENTILES = (2.5, 97.5)
MOST_DRAWS = 1000  # of members for one replicate
MOST_LOST = 0.05  # share of replicates that may stay without a regression before the interval is left out
ALIKE = 2.0  # how many times as many parameters a fair partner may have
NUMERIC = ("clean_accuracy", "log_parameters")

log = logging.getLogger(__name__)


class Regression:
    """Accuracy on one shift (n,) and what may explain it: clean accuracy, log10 parameters, class of architecture."""

    def __init__(self, members: pd.DataFrame, shift: str) -> None:
        clean, shifted = (members[members["shift"] == name].set_index("member") for name in ("clean", shift))
        rows = clean.loc[clean.index.isin(shifted.index)]
        self.y = shifted.loc[rows.index, "top1"].to_numpy(np.float64)
        classes = rows["class"].fillna("-").to_numpy()
        self.classes = _reference_first(classes)
        self.factors = {
            "clean_accuracy": rows["top1"].to_numpy(np.float64)[:, None],
            "log_parameters": np.log10(rows["parameters"].to_numpy(np.float64))[:, None],
        }
        if len(self.classes) > 1:
            self.factors["class"] = np.stack([classes == name for name in self.classes[1:]], axis=1).astype(float)
        self.columns = np.concatenate(list(self.factors.values()), axis=1)

    def statistics(self, weights: np.ndarray) -> dict[tuple[str, str], float]:
        """Return every statistic by (factor, name) where member i counts weights[i] times; none if undetermined."""
        if not is_determined(self.columns, weights) or len(np.unique(self.y[weights > 0])) < 2:
            return {}
        found = {("all", "share"): explained_share(self.y, self.columns, weights)}
        named = [*NUMERIC, *(f"class {name}" for name in self.classes[1:])]
        slopes = coefficients(self.y, self.columns, weights)[1:]
        found |= {(name, "coefficient"): slope for name, slope in zip(named, slopes, strict=True)}
        shares = shared_out(self.y, self.factors, weights)
        for name, values in shares.items():
            found |= {(name, what): v for what, v in zip(("share", "share_alone", "share_unique"), values, strict=True)}
        for name in NUMERIC:
            found[name, "spearman"] = trend(self.factors[name][:, 0], self.y, weights).spearman
        if "class" in shares:
            rival = max(shares[name][0] for name in NUMERIC)
            found["class - others", "share"] = shares["class"][0] - rival
        return found


def _reference_first(classes: np.ndarray) -> list[str]:
    """Return the classes by name, the one that the others are compared with first: CNN, where there is one."""
    return sorted(set(classes.tolist()), key=lambda name: (name != "CNN", name))


def regress(members: pd.DataFrame, shift: str, seed: int, replicates: int = 1000) -> pd.DataFrame:
    """Return what explains the members' accuracy on a shift, one row per (factor, statistic), with 95 % intervals.

    members: the table members.csv. The model is top1 on the shift ~ clean top1 + log10(parameters) + class. Statistics:
    `coefficient` (accuracy per unit of clean accuracy, per factor ten of parameters, over the class CNN), `share`,
    `share_alone`, `share_unique` of R squared (`metrics.regression.shared_out`; factor `all`: R squared itself),
    `spearman` with the shifted accuracy; factor `class - others`: the class's share minus the larger of the other two.
    The intervals are percentiles of a bootstrap over members; draws that leave the model undetermined are repeated and
    counted in `redrawn`, and where they are more than the replicates, among very few members, there is no interval: one
    made of the draws that are left would be too narrow. With few members the shares favour the factor with most
    columns, the class.
    Without rows where the members themselves are too few or too alike to determine the model.
    """
    model = Regression(members, shift)
    point = model.statistics(np.ones(len(model.y)))
    if not point:
        log.warning("%d members do not determine what explains accuracy on '%s'", len(model.y), shift)
        return pd.DataFrame(columns=REGRESSION_COLUMNS)
    found, redrawn = [], 0
    for replicate in range(replicates):
        values, refused = _drawn_statistics(model, _draws(seed, replicate, len(model.y)))
        redrawn += refused
        found += [[values[key] for key in point]] if values else []
    intervals = np.full((2, len(point)), np.nan)
    if redrawn <= replicates and len(found) >= (1 - MOST_LOST) * replicates:
        intervals = np.percentile(found, PERCENTILES, axis=0)
    rows = [
        {"factor": factor, "statistic": name, "n": len(model.y), "value": value, "low": low, "high": high}
        for ((factor, name), value), low, high in zip(point.items(), *intervals, strict=True)
    ]
    return pd.DataFrame(rows).assign(shift=shift, redrawn=redrawn)[REGRESSION_COLUMNS]


def _draws(seed: int, replicate: int, m: int) -> Iterator[np.ndarray]:
    generator = stream(seed, "bootstrap single members", replicate)
    while True:
        yield np.bincount(generator.integers(0, m, m), minlength=m).astype(np.float64)


def _drawn_statistics(model: Regression, draws: Iterator[np.ndarray]) -> tuple[dict[tuple[str, str], float], int]:
    for refused in range(MOST_DRAWS):
        values = model.statistics(next(draws))
        if values:
            return values, refused
    return {}, MOST_DRAWS


def matched_pairs(members: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """Return the paper's comparisons of single members as pairs (first, second), found by the members' labels.

    `smallest_transformer`: the supervised ViT with fewest parameters, and each supervised CNN that has more.
    `self_supervision`: each self-supervised member, and the supervised one of its arch and class nearest in size.
    `distillation`: each distilled member, and every supervised one of its class. Partners of the last two have at most
    twice or half the parameters. A comparison for which there are no such members is empty.
    """
    table = members.drop_duplicates("member").reset_index(drop=True)
    supervised = table[table["approach"] == "supervised"]
    pairs: dict[str, list[tuple[str, str]]] = {"smallest_transformer": [], "self_supervision": [], "distillation": []}
    transformers = supervised[supervised["class"] == "ViT"].sort_values("parameters", kind="stable")
    for _, smallest in transformers.head(1).iterrows():
        larger = supervised[(supervised["class"] == "CNN") & (supervised["parameters"] > smallest["parameters"])]
        pairs["smallest_transformer"] = [(smallest["member"], other) for other in larger["member"]]
    for _, member in table.iterrows():
        if member["approach"] in ("self-supervised", "distilled"):
            others = _alike(supervised, member)
            if member["approach"] == "self-supervised":
                others = others[others["arch"] == member["arch"]].head(1)
            comparison = "self_supervision" if member["approach"] == "self-supervised" else "distillation"
            pairs[comparison] += [(member["member"], other) for other in others["member"]]
    return pairs


def _alike(supervised: pd.DataFrame, member: pd.Series) -> pd.DataFrame:
    """Return the supervised members of the same class and about the same size, the nearest in size first."""
    ratio = np.abs(np.log(supervised["parameters"].astype(float) / float(member["parameters"])))
    fits = (supervised["class"] == member["class"]) & (ratio <= np.log(ALIKE) + 1e-9)
    return supervised[fits].assign(ratio=ratio[fits]).sort_values("ratio", kind="stable")
