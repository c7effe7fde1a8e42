"""Scores of explanations summed up: single members against averages, controls and baselines, with paired tests.

Ind-Avg is the mean over the members of one set of each member's own score, as the explanation paper defines it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.ensembles.localisation import DRAWS, METRICS
from heterodox.storage.explanations import MEMBER
from heterodox.tables.paired_tests import compare, stars

CASES = ["index", "part", "label"]  # what names a case, so that two sets can be compared on the same ones


def summaries(scores: pd.DataFrame, seed: int = 1, replicates: int = 1000) -> pd.DataFrame:
    """Return one row per set, method, metric and kind of map: its mean, and how it differs from single members.

    `scores` are those of `ensembles.localisation`. `individual` is Ind-Avg (beside `draws`, which are all of the first
    member, that member's own score), `value` the mean of this kind of map over the same cases, `difference` = value -
    individual with a 95 % interval, `relative` that as a share of the size of `individual` (without an interval where
    replicates of `individual` are not all of one sign), p-values of the paired tests, `effect_size`, `stars`, `n` cases
    of so many `images`, and of all cases those `not_counted`: a case in which any single member or this kind of map has
    no score is counted on neither side. `massless` are those of all single members' maps without a centre of mass, for
    which the image's centre stands. `empty_masks` are those of the parts asked for on the images of the set: no cases
    where several parts are in question, else not counted by metrics that need a mask. Intervals are bootstrapped over
    images, and the tests are over images too: what an image's several parts differ by is averaged.
    """
    rows = []
    for (member_set, method), group in scores.groupby(["member_set", "method"], sort=False):
        wide = by_case(group)
        # In a table that was read back a member is text.
        first = by_case(group[(group["explained"] == MEMBER) & (pd.to_numeric(group["member"]) == 0)])[MEMBER]
        single = {name: first if name == DRAWS else wide[MEMBER] for name in wide}
        for row in _rows(wide, single, seed, replicates):
            rows.append({"member_set": member_set, "method": method, **row, "empty_masks": _empty_masks(group)})
    return pd.DataFrame(rows)


def by_case(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return for every kind of map a table with a row per case: metrics, averaged over members, and `massless` maps.

    A metric is NaN where it is for any of the members: a mean of the others would be of other members than the average.
    """
    return {str(name): _of_cases(group) for name, group in scores.groupby("explained", sort=False)}


def _of_cases(scores: pd.DataFrame) -> pd.DataFrame:
    cases = scores.groupby(CASES, sort=False)
    metrics = cases[list(METRICS)]
    complete = metrics.count().eq(cases.size(), axis=0)
    return metrics.mean().where(complete).assign(massless=cases["massless"].sum())


def compared_sets(
    scores: pd.DataFrame,
    single: str,
    others: Mapping[str, str],
    seed: int = 1,
    replicates: int = 1000,
    average: str = "mean",
) -> pd.DataFrame:
    """Return the rows of `summaries` for averages of other sets against one member trained on all images (Table 7).

    `single` is the set of that member, `others` are sets by what they are called in the column `explained`, of which
    the maps' `average` counts. The control `draws` is of that member itself. Cases are matched.
    """
    rows = []
    alone = scores[scores["member_set"] == single]
    for method in dict.fromkeys(alone["method"]):
        scored = alone[alone["method"] == method]
        own, empty = by_case(scored), _empty_masks(scored)
        wide = {name: own[name] for name in (DRAWS, "centre", "random")}
        for name, member_set in others.items():
            group = scores[(scores["member_set"] == member_set) & (scores["method"] == method)]
            if len(group):
                wide[name] = by_case(group)[average].reindex(own[MEMBER].index)
        alike = dict.fromkeys(wide, own[MEMBER])
        found = _rows(wide, alike, seed, replicates)
        rows += [{"member_set": single, "method": method, **row, "empty_masks": empty} for row in found]
    return pd.DataFrame(rows)


def _empty_masks(scores: pd.DataFrame) -> int:
    """Return the number of a set and method, which stands in each of its rows."""
    return int(scores["empty_masks"].iloc[0])


def _rows(
    wide: Mapping[str, pd.DataFrame], individual: Mapping[str, pd.DataFrame], seed: int, replicates: int
) -> Iterator[dict[str, object]]:
    """Yield a row for each kind of map and metric; `individual` are the single members that each kind stands beside."""
    cases = next(iter(individual.values())).index
    identities = cases.get_level_values("index").to_numpy()
    images, own = np.unique(identities, return_inverse=True)
    weights = image_weights(seed, images, replicates)[:, own]
    for name, values in wide.items():
        beside, values = individual[name].reindex(cases), values.reindex(cases)
        for metric in METRICS:
            single, averaged = beside[metric].to_numpy(), values[metric].to_numpy()
            row = _row(single, averaged, own, weights)
            yield {"metric": metric, "explained": name, **row, "massless": int(beside["massless"].sum())}


def _row(single: np.ndarray, averaged: np.ndarray, images: np.ndarray, weights: np.ndarray) -> dict[str, object]:
    counted = np.isfinite(single) & np.isfinite(averaged)
    tested = compare(*(_by_image(scores[counted], images[counted]) for scores in (single, averaged)))
    difference = float((averaged - single)[counted].mean()) if counted.any() else float("nan")
    means = {
        "individual": float(single[counted].mean()) if counted.any() else float("nan"),
        "value": float(averaged[counted].mean()) if counted.any() else float("nan"),
    }
    drawn = _replicates(single[counted], averaged[counted], weights[:, counted])
    low, high, relative_low, relative_high = (float(bound) for bound in drawn)
    return {
        **means,
        "difference": difference,
        "low": low,
        "high": high,
        "relative": difference / abs(means["individual"]) if means["individual"] else float("nan"),
        "relative_low": relative_low,
        "relative_high": relative_high,
        "t_p": tested.t_p,
        "wilcoxon_p": tested.wilcoxon_p,
        "effect_size": tested.effect_size,
        "stars": stars(tested.t_p),
        "n": int(counted.sum()),
        "images": tested.n,
        "not_counted": int(len(counted) - counted.sum()),
    }


def _by_image(scores: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the mean score of each image that has any, from scores (n,) of the images with these numbers (n,)."""
    cases = np.bincount(images)
    return np.bincount(images, scores)[cases > 0] / cases[cases > 0]


def _replicates(single: np.ndarray, averaged: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the interval of the mean difference and of its share of the size of the single members' mean, (4,).

    The share has none where the mean's own sign is open: it runs through infinity there.
    """
    total = weights.sum(axis=1)
    drawn = total > 0
    if len(single) < 2 or not drawn.any():
        return np.full(4, np.nan)
    difference = (weights[drawn] @ (averaged - single)) / total[drawn]
    mean = (weights[drawn] @ single) / total[drawn]
    bounds = [*np.percentile(difference, PERCENTILES), np.nan, np.nan]
    if mean.min() > 0 or mean.max() < 0:
        bounds[2:] = np.percentile(difference / np.abs(mean), PERCENTILES)
    return np.array(bounds)


def pick(table: pd.DataFrame, member_sets: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return the rows of these sets and metrics, in their order."""
    found = table[table["member_set"].isin(member_sets) & table["metric"].isin(metrics)]
    order = {name: place for place, name in enumerate([*member_sets, *metrics])}
    return found.sort_values(["member_set", "metric"], key=lambda names: names.map(order), kind="stable")
