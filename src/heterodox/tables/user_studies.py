"""What people's answers say: the tests of the three user studies, from their two tables (storage.answers).

All tests are two-sided. `p_corrected` is Bonferroni's: p times the number of tests of the study, at most 1. Effects are
rank-biserial correlations in [-1, 1], above 0 where the second condition has the larger values.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, rankdata, wilcoxon

from heterodox.storage.answers import ANNOTATIONS, AVERAGING, LEARNING

SINGLE, AVERAGED = "single", "averaged"
QUESTIONS = ("Q1", "Q2")
AVERAGING_TESTS = 3  # Q1, Q2 and the accuracy of the choices, whether or not choices are there
# Annotation types and groups in the order in which tables and figures show them.
ORDER = ("control", "heat_map", "boxes", "arrows", "labelled_arrows", "words")
WINDOW, ENOUGH = 10, 9
DEVIATIONS = 2.0
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


class Comparison(NamedTuple):
    """A test statistic, its two-sided p, and the rank-biserial correlation."""

    statistic: float
    p: float
    effect: float


def stars(p: float) -> str:
    """Return `*` below 0.05, `**` below 0.01, `***` below 0.001, else nothing."""
    return next((mark for limit, mark in STARS if p < limit), "")


def p_words(p: float) -> str:
    """Return a corrected p as the paper prints it: `<0.001`, `0.03`, `>0.99`; a dash where there is none."""
    if not np.isfinite(p):
        return "-"
    if p < 0.001:
        return "<0.001"
    return ">0.99" if p > 0.99 else f"{p:.3f}" if p < 0.01 else f"{p:.2f}"


def signed_rank(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Compare paired values (n,) by Wilcoxon's signed-rank test; pairs without a difference are left out.

    The statistic is the smaller sum of ranks. Without any difference p = 1 and the effect is 0; NaN without pairs.
    """
    differences = np.asarray(second, float) - np.asarray(first, float)
    if not len(differences):
        return Comparison(np.nan, np.nan, np.nan)
    differences = differences[differences != 0]
    if not len(differences):
        return Comparison(0.0, 1.0, 0.0)
    ranks = rankdata(np.abs(differences))
    up, down = ranks[differences > 0].sum(), ranks[differences < 0].sum()
    # Exact where SciPy can: without ties; with ties the normal approximation, corrected for them and for continuity.
    tied = len(set(np.abs(differences))) < len(differences)
    exact = not tied and len(differences) <= 50
    p = wilcoxon(differences, correction=not exact, method="exact" if exact else "asymptotic").pvalue
    return Comparison(float(min(up, down)), float(p), float((up - down) / ranks.sum()))


def rank_sum(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Compare two independent samples (n,), (m,) by Mann and Whitney's test; the statistic is U of the first sample.

    Exact where no values are tied and one sample has at most eight; else the normal approximation with corrections for
    ties and continuity. All values equal: p = 1; NaN where a sample is empty.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if not (len(first) and len(second)):
        return Comparison(np.nan, np.nan, np.nan)
    if len({*first, *second}) == 1:
        return Comparison(len(first) * len(second) / 2, 1.0, 0.0)
    found = mannwhitneyu(first, second, alternative="two-sided")
    statistic = float(found.statistic)
    return Comparison(statistic, float(found.pvalue), 1 - 2 * statistic / (len(first) * len(second)))


def corrected(p: float, tests: int) -> float:
    """Return Bonferroni's p for one of so many tests."""
    return min(1.0, p * tests) if np.isfinite(p) else np.nan


def in_order(names: Sequence[str]) -> list[str]:
    """Return the names without repetition, known annotation types first in their order, others by name."""
    known = {name: place for place, name in enumerate(ORDER)}
    return sorted(set(names), key=lambda name: (known.get(name, len(known)), name))


def rating_medians(ratings: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return each participant's median rating: columns participant, condition, question, rating, trials."""
    own = ratings[ratings["study"] == study]
    grouped = own.groupby(["participant", "condition", "question"])["rating"]
    return grouped.agg(rating="median", trials="size").reset_index()


def averaging_table(ratings: pd.DataFrame, choices: pd.DataFrame | None) -> pd.DataFrame:
    """Compare single with averaged explanations (study 1): one row per question, one for the choices' accuracy.

    Wilcoxon's signed-rank test over participants, on medians of ratings and on shares of right choices; Bonferroni for
    three tests. `left_out` counts participants who answered under one condition only.
    """
    medians = rating_medians(ratings, AVERAGING)
    measures = {
        question: medians[medians["question"] == question].pivot(
            index="participant", columns="condition", values="rating"
        )
        for question in QUESTIONS
    }
    if choices is not None and (choices["study"] == AVERAGING).any():
        own = choices[choices["study"] == AVERAGING]
        right = own.assign(right=own["truth"] == own["answer"])
        measures["accuracy"] = right.pivot_table(index="participant", columns="group", values="right", aggfunc="mean")
    return pd.DataFrame([_averaging_row(name, values) for name, values in measures.items()])


def _averaging_row(measure: str, values: pd.DataFrame) -> dict[str, object]:
    values = values.reindex(columns=[SINGLE, AVERAGED])
    pairs = values.dropna()
    single, averaged = (pairs[name].to_numpy(float) for name in (SINGLE, AVERAGED))
    found = signed_rank(single, averaged)
    return {
        "measure": measure,
        "participants": len(pairs),
        "left_out": len(values) - len(pairs),
        "single_median": _median(single),
        "averaged_median": _median(averaged),
        "single_mean": single.mean() if len(single) else np.nan,
        "averaged_mean": averaged.mean() if len(averaged) else np.nan,
        **_tested(found, AVERAGING_TESTS),
    }


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else np.nan


def _tested(found: Comparison, tests: int, suffix: str = "") -> dict[str, object]:
    p = corrected(found.p, tests)
    return {
        f"statistic{suffix}": found.statistic,
        f"p{suffix}": found.p,
        f"p_corrected{suffix}": p,
        f"stars{suffix}": stars(p),
        f"effect{suffix}": found.effect,
    }


def annotation_table(ratings: pd.DataFrame) -> pd.DataFrame:
    """Compare the types of annotation two by two (study 2; Table 8): one row per pair and question.

    Mann and Whitney's test on the participants' medians as in the paper; beside it, as the same participants rate all
    types, Wilcoxon's signed-rank test (`..._paired`). Bonferroni for all rows: 20 with five types and two questions.
    """
    medians = rating_medians(ratings, ANNOTATIONS)
    medians = medians[medians["question"].isin(QUESTIONS)]
    pairs = list(combinations(in_order(medians["condition"]), 2))
    tests = len(pairs) * len(QUESTIONS)
    rows = []
    for question in QUESTIONS:
        own = medians[medians["question"] == question]
        values = own.pivot(index="participant", columns="condition", values="rating")
        for first, second in pairs:
            one, two = (values[name].dropna() if name in values else pd.Series(dtype=float) for name in (first, second))
            both = one.index.intersection(two.index)
            rows.append(
                {
                    "question": question,
                    "first": first,
                    "second": second,
                    "n_first": len(one),
                    "n_second": len(two),
                    "first_median": _median(one.to_numpy()),
                    "second_median": _median(two.to_numpy()),
                    **_tested(rank_sum(one.to_numpy(), two.to_numpy()), tests),
                    "n_paired": len(both),
                    **_tested(signed_rank(one[both].to_numpy(), two[both].to_numpy()), tests, "_paired"),
                }
            )
    return pd.DataFrame(rows)


def condition_medians(ratings: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return the medians and quartiles over participants of their median ratings, by question and condition."""
    medians = rating_medians(ratings, study)
    grouped = medians.groupby(["question", "condition"])["rating"]
    table = grouped.agg(
        participants="size", median="median", low=lambda v: v.quantile(0.25), high=lambda v: v.quantile(0.75)
    ).reset_index()
    return _sorted(table, ["question"], "condition")


def _sorted(table: pd.DataFrame, first: list[str], name: str) -> pd.DataFrame:
    places = {value: place for place, value in enumerate(in_order(table[name]))}
    keyed = table.assign(place=table[name].map(places))
    return keyed.sort_values([*first, "place"], ignore_index=True).drop(columns="place")


def trials_until_proficient(right: np.ndarray) -> float:
    """Return after how many trials nine of the last ten were right, NaN where they never were; right: bool (n,)."""
    sums = np.convolve(np.asarray(right, int), np.ones(WINDOW, int), "valid") if len(right) >= WINDOW else np.array([])
    reached = np.flatnonzero(sums >= ENOUGH)
    return float(reached[0] + WINDOW) if len(reached) else np.nan


def proficiency(choices: pd.DataFrame) -> pd.DataFrame:
    """Return each participant's trials until proficient per pair of birds (study 3), and who is excluded.

    Columns pair, group, participant, answered (trials in all), trials (missing: never proficient), limit (the pair's
    median plus two standard deviations, n - 1 in the denominator, over all who became proficient), excluded (trials
    above the limit).
    """
    own = choices[choices["study"] == LEARNING].sort_values("trial", kind="stable")
    rows = [
        {"pair": pair, "group": group, "participant": participant, "answered": len(part)}
        | {"trials": trials_until_proficient((part["truth"] == part["answer"]).to_numpy())}
        for (pair, group, participant), part in own.groupby(["pair", "group", "participant"])
    ]
    table = pd.DataFrame(rows, columns=["pair", "group", "participant", "answered", "trials"])
    by_pair = table.groupby("pair")["trials"]
    table["limit"] = by_pair.transform("median") + DEVIATIONS * by_pair.transform("std").fillna(0.0)
    table["excluded"] = table["trials"] > table["limit"]
    return _sorted(table, ["pair"], "group")


def learning_table(learned: pd.DataFrame) -> pd.DataFrame:
    """Compare the groups two by two within each pair of birds (study 3; Table 9), from the table `proficiency`.

    Mann and Whitney's test on trials until proficient without the excluded; Bonferroni for the pairs of groups of one
    pair of birds, 10 with five groups. `never_*` counts participants who stopped before they were proficient.
    """
    rows = []
    pairs = list(combinations(in_order(learned["group"]), 2))
    for birds, own in learned.groupby("pair"):
        for first, second in pairs:
            one, two = (own[own["group"] == name] for name in (first, second))
            values = [_counted(part) for part in (one, two)]
            rows.append(
                {
                    "pair": birds,
                    "first": first,
                    "second": second,
                    "n_first": len(values[0]),
                    "n_second": len(values[1]),
                    "excluded_first": int(one["excluded"].sum()),
                    "excluded_second": int(two["excluded"].sum()),
                    "never_first": int(one["trials"].isna().sum()),
                    "never_second": int(two["trials"].isna().sum()),
                    "first_median": _median(values[0]),
                    "second_median": _median(values[1]),
                    **_tested(rank_sum(*values), len(pairs)),
                }
            )
    return pd.DataFrame(rows)


def _counted(rows: pd.DataFrame) -> np.ndarray:
    return rows.loc[~rows["excluded"] & rows["trials"].notna(), "trials"].to_numpy(float)


def trial_medians(learned: pd.DataFrame) -> pd.DataFrame:
    """Return medians and quartiles of trials until proficient by pair of birds and group, without the excluded."""
    kept = learned[~learned["excluded"] & learned["trials"].notna()]
    table = (
        kept.groupby(["pair", "group"])["trials"]
        .agg(participants="size", median="median", low=lambda v: v.quantile(0.25), high=lambda v: v.quantile(0.75))
        .reset_index()
    )
    return _sorted(table, ["pair"], "group")


def with_words(table: pd.DataFrame, column: str = "p_corrected") -> pd.DataFrame:
    """Return the table for a page: corrected p in the paper's words behind the numbers."""
    return table.assign(printed=[p_words(p) for p in table[column]])
