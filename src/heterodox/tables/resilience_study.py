"""What a run of the resilience study found, asked for one statistic at a time: the measurements behind its claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from scipy.stats import t as student

from heterodox.ensembles.bootstrap import PERCENTILES, ensemble_weights
from heterodox.tables.claims import Finding, NotMeasuredError, Quantity, mean_of, minus
from heterodox.tables.heuristics import by_seed, mean_interval, with_heuristics
from heterodox.tables.members import binomial_interval

VARIANTS = ("gncl_mean_logit", "gncl_mean_probability", "gncl_median_logit", "gncl_majority_vote", "masked_gncl")


@dataclass(frozen=True)
class Study:
    """The tables of one study by file name (`trends` for trends.csv), and the names that the claims speak of.

    `shifts` are all in order, clean first, `corruptions` those that are corrupted; `pool` the heterogeneous pool,
    `subnetworks` the one of the super-network or None; `families` two methodologies in difficulty.csv; `teams` the
    teams that stand for their heuristics, without those that only vary lambda (None: all); `exhibits` the titles in
    similarity.csv of the `heterogeneous`, `prediction` and `attribution` team, and `heterogeneous_members` the first
    one's members.
    """

    tables: Mapping[str, pd.DataFrame]
    shifts: Sequence[str]
    corruptions: Sequence[str]
    pool: str
    subnetworks: str | None = None
    families: Sequence[str] = ("CNN", "ViT")
    teams: Sequence[str] | None = None
    exhibits: Mapping[str, str] | None = None
    heterogeneous_members: Sequence[str] = ()
    seed: int = 1
    replicates: int = 1000

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; NotMeasuredError where the study has none of this name."""
        if name not in self.tables:
            raise NotMeasuredError(f"the study has no {name}.csv")
        return self.tables[name]

    def rows(self, name: str, **values: object) -> pd.DataFrame:
        """Return the rows of a table with these values; None stands for an empty cell."""
        table = self.table(name)
        for column, value in values.items():
            table = table[table[column].isna() if value is None else table[column] == value]
        if table.empty:
            wanted = ", ".join(f"{column} {value}" for column, value in values.items() if value is not None)
            raise NotMeasuredError(f"{name}.csv has no row for {wanted}")
        return table

    def pool_named(self, kind: str) -> str:
        """Return the name of the pool `architectures` or `subnetworks` stands for."""
        if kind == "architectures":
            return self.pool
        if self.subnetworks is None:
            raise NotMeasuredError("the study has no pool of a super-network's sub-networks")
        return self.subnetworks

    def corrupted(self) -> Sequence[str]:
        """Return the corrupted shifts; NotMeasuredError where there are none."""
        if not self.corruptions:
            raise NotMeasuredError("the study has no corruption")
        return self.corruptions


Shifts = Callable[[Study], Sequence[str]]
MEAN = {
    "clean": "clean images",
    "corrupted": "mean over corruptions",
    "not_clean": "mean over all data sets but the clean one",
    "every": "mean over all data sets",
}


def clean(study: Study) -> Sequence[str]:
    """Return the clean shift alone."""
    return ["clean"]


def corrupted(study: Study) -> Sequence[str]:
    """Return the corrupted shifts."""
    return study.corrupted()


def not_clean(study: Study) -> Sequence[str]:
    """Return every shift but the clean one."""
    return [shift for shift in study.shifts if shift != "clean"] or study.corrupted()


def every(study: Study) -> Sequence[str]:
    """Return all shifts."""
    return study.shifts


def _finding(row: pd.Series, value: str, unit: str, n: str = "n", low: str = "low", high: str = "high") -> Finding:
    return Finding(float(row[value]), float(row[low]), float(row[high]), int(row[n]), unit)


def regression(factor: str, statistic: str) -> Quantity:
    """Return how to find a statistic of RQ1's regression, mean over the corruptions."""

    def find(study: Study) -> Finding:
        rows = [
            study.rows("single_model_regression", shift=shift, factor=factor, statistic=statistic).iloc[0]
            for shift in study.corrupted()
        ]
        return mean_of([_finding(row, "value", "members") for row in rows])

    return Quantity(f"{statistic} of {factor} in the regression of shifted accuracy, {MEAN['corrupted']}", find)


def matched_pairs(comparison: str, shifts: Shifts, single: bool = False) -> Quantity:
    """Return how to find the mean difference of a comparison's pairs; `single` where it has one pair by its name."""

    def find(study: Study) -> Finding:
        parts = []
        for shift in shifts(study):
            rows = study.rows("matched_pairs", comparison=comparison, shift=shift)
            row = rows.iloc[0] if single else rows[rows["first"].isna()].iloc[0]
            parts.append(_finding(row, "difference", "member" if single else "pairs", n="pairs"))
        return mean_of(parts)

    return Quantity(f"difference of accuracy, {comparison}, {MEAN[shifts.__name__]}", find)


def correlation(pool: str, metric: str, shifts: Shifts, consensus: str = "mean_logit") -> Quantity:
    """Return how to find Pearson's r of improvement with a metric."""

    def find(study: Study) -> Finding:
        keys = {"pool": study.pool_named(pool), "consensus": consensus, "metric": metric}
        rows = [study.rows("trends", shift=shift, **keys).iloc[0] for shift in shifts(study)]
        return mean_of([_finding(row, "pearson", "ensembles", low="pearson_low", high="pearson_high") for row in rows])

    return Quantity(f"r of improvement with {metric}, {consensus}, {MEAN[shifts.__name__]}", find)


def compared(pool: str, first: str, second: str, shifts: Shifts, consensus: str = "mean_logit") -> Quantity:
    """Return how to find by how much improvement correlates more with the first metric than with the second."""
    keys = {"statistic": "pearson", "consensus": consensus, "first": first, "second": second}
    return _comparison(pool, f"r of improvement with {first} minus r with {second}, {consensus}", keys, shifts)


def level(pool: str, statistic: str, shifts: Shifts, consensus: str = "mean_logit") -> Quantity:
    """Return how to find a level of improvement of a pool's ensembles."""
    keys = {"statistic": statistic, "consensus": consensus, "first": None, "second": None}
    return _comparison(pool, f"{statistic}, {consensus}", keys, shifts)


def consensus_difference(pool: str, statistic: str, first: str, second: str, shifts: Shifts) -> Quantity:
    """Return how to find by how much a level of improvement is higher with the first consensus than with the second."""
    keys = {"statistic": statistic, "consensus": None, "first": first, "second": second}
    return _comparison(pool, f"{statistic}, {first} minus {second}", keys, shifts)


def _comparison(pool: str, words: str, keys: Mapping[str, str | None], shifts: Shifts) -> Quantity:
    def find(study: Study) -> Finding:
        name = study.pool_named(pool)
        rows = [study.rows("comparisons", pool=name, shift=shift, **keys).iloc[0] for shift in shifts(study)]
        return mean_of([_finding(row, "value", "ensembles") for row in rows])

    return Quantity(f"{words}, {MEAN[shifts.__name__]}", find)


def difficulty(statistic: str, shifts: Shifts) -> Quantity:
    """Return how to find a statistic of the two families' difficulty functions."""

    def find(study: Study) -> Finding:
        if len(study.families) != 2:
            raise NotMeasuredError("the study has no two families of members")
        first, second = study.families
        parts = []
        for shift in shifts(study):
            row = study.rows("difficulty", shift=shift, first=first, second=second).iloc[0]
            ends = {"low": f"{statistic}_low", "high": f"{statistic}_high"}
            parts.append(_finding(row, statistic, "images", n="images", **ends))
        return mean_of(parts)

    return Quantity(f"{statistic} of the difficulty functions, {MEAN[shifts.__name__]}", find)


def method_agreement(study: Study) -> Finding:
    """Return the mean correlation between methods of explanation over pairs of members."""
    return _finding(study.rows("method_agreement", first=None).iloc[0], "pearson", "pairs", n="pairs")


def _chosen_teams(study: Study) -> pd.DataFrame:
    teams = with_heuristics(study.table("teams"))
    return teams if study.teams is None else teams[teams["team"].isin(study.teams)]


def seeds_of(study: Study, heuristic: str, measure: str, shifts: Sequence[str]) -> pd.Series:
    """Return a measure of a heuristic's teams, scored by mean logit, by seed: the mean over its teams and over shifts.

    Teams of one seed begin with the same networks and see the same batches, whatever their heuristic, so heuristics are
    compared seed by seed.
    """
    teams = _chosen_teams(study)
    rows = teams[(teams["heuristic"] == heuristic) & (teams["consensus"] == "mean_logit") & teams["shift"].isin(shifts)]
    values = rows.groupby("seed")[measure].mean().dropna()
    if values.empty:
        raise NotMeasuredError(f"teams.csv has no team of the heuristic {heuristic}")
    return values


def _variants(study: Study, shifts: Sequence[str]) -> dict[str, pd.Series]:
    """Return the accuracies by seed of every heuristic that enforces prediction diversity and was trained."""
    there = set(_chosen_teams(study)["heuristic"])
    found = {name: seeds_of(study, name, "accuracy", shifts) for name in VARIANTS if name in there}
    if not found:
        raise NotMeasuredError("teams.csv has no team trained for diverse predictions")
    return found


def enforced_against_independent(study: Study) -> Finding:
    """Return how much more accurate the mean team trained for diverse predictions is than the independent one.

    On corrupted images, seed by seed, over the seeds that all of these heuristics were trained with.
    """
    enforced = pd.concat(_variants(study, study.corrupted()), axis=1, join="inner").mean(axis=1)
    return _against(enforced, seeds_of(study, "independent", "accuracy", study.corrupted()))


def _against(first: pd.Series, second: pd.Series) -> Finding:
    """Return the mean difference of the seeds that both have, with its t-interval."""
    differences = by_seed(first, second)
    if differences.empty:
        raise NotMeasuredError("the heuristics have no seed in common")
    return Finding(*mean_interval(differences.to_numpy()), len(differences), "seeds")


def balanced_wins(study: Study) -> Finding:
    """Return the share of corruptions on which balanced teams beat the best heuristic for diverse predictions.

    Its bounds are the shares of corruptions on which the difference's interval lies above 0, and not below 0. The best
    one is chosen on the same data, which is to the balanced loss's disadvantage.
    """
    parts = []
    for shift in study.corrupted():
        best = max(_variants(study, [shift]).values(), key=lambda accuracies: accuracies.mean())
        parts.append(_against(seeds_of(study, "balanced", "accuracy", [shift]), best)[:3])
    values, lows, highs = np.array(parts).T
    if np.isnan(lows).any():
        lows, highs = np.full(len(lows), -np.inf), np.full(len(lows), np.inf)
    return Finding(
        float((values > 0).mean()), float((lows > 0).mean()), float((highs >= 0).mean()), len(parts), "corruptions"
    )


def heuristics_against(first: str, second: str, measure: str, shifts: Shifts) -> Quantity:
    """Return how to find by how much a measure is higher for teams of the first heuristic than of the second."""

    def find(study: Study) -> Finding:
        return _against(*(seeds_of(study, name, measure, shifts(study)) for name in (first, second)))

    return Quantity(f"{measure} of teams, {first} minus {second}, {MEAN[shifts.__name__]}", find)


def larger_lambda(study: Study) -> Finding:
    """Return the share of trainings of GNCL by mean logit with a lambda above the paper's 0.2 that learned nothing.

    They diverged, or stayed sane but ended below twice the accuracy of chance, 2 / classes.
    """
    rows = study.rows("team_training", loss="gncl", penalty_consensus="mean_logit")
    rows = rows[rows["lambda"] > 0.2]
    at_chance = rows["team_validation_accuracy"] < 2 / rows["classes"].astype(float)
    return _share_of(rows["diverged_epoch"].notna() | at_chance)


Measure = Callable[[pd.DataFrame], pd.Series]


def pool_mean(study: Study, measure: Measure, shift: str, reference: str | None = None) -> Finding:
    """Return the mean of a measure over the pool's ensembles, with an interval from a bootstrap over members.

    With a `reference` shift, the mean of the difference to each ensemble's own measure there.
    """
    values = _of_ensembles(study, measure, shift)
    if reference is not None:
        values = values - _of_ensembles(study, measure, reference)
    values = values.dropna()
    if values.empty:
        raise NotMeasuredError(f"no ensemble of the pool {study.pool} has this on {shift}")
    names = [ensemble.split("+") for ensemble in values.index]
    place = {name: number for number, name in enumerate(dict.fromkeys(chain.from_iterable(names)))}
    ensembles = np.array([[place[name] for name in own] for own in names])
    drawn = []
    for replicate in range(study.replicates):
        draws = ensemble_weights(study.seed, replicate, len(place), ensembles)
        weights = next(weights for weights in draws if weights.any())
        drawn.append(np.average(values, weights=weights))
    low, high = np.percentile(drawn, PERCENTILES)
    return Finding(float(values.mean()), float(low), float(high), len(values), "ensembles")


def _of_ensembles(study: Study, measure: Measure, shift: str) -> pd.Series:
    rows = study.rows("ensembles", pool=study.pool, shift=shift, consensus="mean_logit")
    return measure(rows.set_index("ensemble")).astype(float)


def mean_equitability(rows: pd.DataFrame) -> pd.Series:
    """Return the mean of the equitability on correct and on incorrect images."""
    return (rows["equitability_correct"] + rows["equitability_incorrect"]) / 2


def pool_equitability_gap(study: Study) -> Finding:
    """Return how much higher the pool's equitability is on images it gets wrong than right, mean over shifts."""
    return mean_of(
        [
            pool_mean(study, lambda rows: rows["equitability_incorrect"] - rows["equitability_correct"], shift)
            for shift in study.shifts
        ]
    )


def team_equitability_gap(heuristic: str) -> Quantity:
    """Return how to find the same for a heuristic's teams, with an interval over seeds."""

    def find(study: Study) -> Finding:
        wrong, right = (
            seeds_of(study, heuristic, f"equitability_{name}", study.shifts) for name in ("incorrect", "correct")
        )
        gaps = by_seed(wrong, right)
        if gaps.empty:
            raise NotMeasuredError(f"no seed of the heuristic {heuristic} has both right and wrong answers")
        return Finding(*mean_interval(gaps.to_numpy()), len(gaps), "seeds")

    return Quantity(f"equitability of {heuristic} teams on incorrect minus correct images, {MEAN['every']}", find)


def shifted_equitability(study: Study) -> Finding:
    """Return how much higher the pool's equitability is on corrupted than on clean images."""
    return mean_of([pool_mean(study, mean_equitability, shift, "clean") for shift in study.corrupted()])


def pool_against_heuristic(heuristic: str, measure: str, shifts: Shifts) -> Quantity:
    """Return how to find by how much a measure is higher for the pool's ensembles than for a heuristic's teams.

    `measure` is a column of ensembles.csv and teams.csv, or `equitability` for the mean of both.
    """

    def find(study: Study) -> Finding:
        of_rows = mean_equitability if measure == "equitability" else lambda rows: rows[measure]
        pool = mean_of([pool_mean(study, of_rows, shift) for shift in shifts(study)])
        columns = ["equitability_correct", "equitability_incorrect"] if measure == "equitability" else [measure]
        parts = [seeds_of(study, heuristic, column, shifts(study)) for column in columns]
        seeds = pd.concat(parts, axis=1, join="inner").mean(axis=1)
        if seeds.empty:
            raise NotMeasuredError(f"no seed of the heuristic {heuristic} has both right and wrong answers")
        return minus(pool, Finding(*mean_interval(seeds.to_numpy()), len(seeds), "seeds"))

    return Quantity(f"{measure}, pool minus {heuristic} teams, {MEAN[shifts.__name__]}", find)


def heterogeneous_accuracy_against(heuristic: str) -> Quantity:
    """Return how to find by how much the named heterogeneous ensemble is more accurate than a heuristic's teams."""

    def find(study: Study) -> Finding:
        rows = study.rows("ensembles", shift="clean", consensus="mean_logit")
        wanted = set(study.heterogeneous_members)
        rows = rows[[set(name.split("+")) == wanted for name in rows["ensemble"]]]
        if rows.empty:
            raise NotMeasuredError("no pool holds the heterogeneous ensemble of the figures")
        accuracy = float(rows.iloc[0]["accuracy"])
        images = int(study.rows("members", shift="clean").iloc[0]["images"])
        own = Finding(accuracy, *binomial_interval(accuracy, images), images, "images")
        seeds = seeds_of(study, heuristic, "accuracy", ["clean"])
        return minus(own, Finding(*mean_interval(seeds.to_numpy()), len(seeds), "seeds"))

    return Quantity(f"accuracy of the heterogeneous ensemble minus {heuristic} teams, clean images", find)


def _similarities(study: Study, kind: str) -> pd.DataFrame:
    """Return the CKA of a team's pairs of members (rows) by third of the depth (columns)."""
    if study.exhibits is None or kind not in study.exhibits:
        raise NotMeasuredError(f"the study names no {kind} team for its figures")
    rows = study.rows("similarity", team=study.exhibits[kind])
    return rows.pivot_table(index=["first", "second"], columns="part", values="cka")


def jackknife(values: pd.Series) -> tuple[float, float, int]:
    """Return the mean of values by pair of members, its variance, and how many members there are.

    Every member stands in several pairs, so pairs are not independent: each member is left out in turn instead, with
    all its pairs. NaN variance where that leaves no pair, in a team of two alone.
    """
    firsts, seconds = (values.index.get_level_values(side) for side in (0, 1))
    members = sorted({*firsts, *seconds})
    left = np.array([values[(firsts != name) & (seconds != name)].mean() for name in members])
    variance = (len(members) - 1) * float(np.var(left))
    return float(values.mean()), variance, len(members)


def _members_interval(*parts: pd.Series) -> Finding:
    """Return the first part's mean, minus the second's if there is one, with a jackknife interval over members."""
    means, variances, counts = zip(*map(jackknife, parts), strict=True)
    value = means[0] - sum(means[1:])
    half = float(student.ppf(0.975, min(counts) - 1) * np.sqrt(sum(variances)))
    unit = "members" if len(parts) == 1 else f"members against {counts[1]}"
    return Finding(value, value - half, value + half, counts[0], unit)


def similarity_against(first: str, second: str) -> Quantity:
    """Return how to find by how much the layers of one team's members are more alike than those of another's."""

    def find(study: Study) -> Finding:
        return _members_interval(*(_similarities(study, kind).mean(axis=1) for kind in (first, second)))

    return Quantity(f"CKA of layers at the same third of the depth, {first} minus {second}", find)


def similarity_of_part(kind: str, part: str) -> Quantity:
    """Return how to find by how much layers in one third of a team's depth are more alike than in the other two."""

    def find(study: Study) -> Finding:
        table = _similarities(study, kind)
        return _members_interval(table[part] - table.drop(columns=part).mean(axis=1))

    return Quantity(f"CKA of layers, {part} third minus the other two, {kind}", find)


def _literal_sweep(study: Study) -> pd.DataFrame:
    """Return the sweeps' trainings with Eq. 8 to the letter: maps as they are, of all images of a batch.

    A study's own team repeats one of them or explains fewer images, so it does not count beside them.
    """
    rows = study.rows("team_training", loss="attribution", normalise="none", explained=None)
    return rows[rows["sweep"].notna()]


def diverged_share(study: Study) -> Finding:
    """Return the share of trainings for diverse attributions that diverged, with the loss to the letter (Eq. 8)."""
    return _share_of(_literal_sweep(study)["diverged_epoch"].notna())


def _share_of(failed: pd.Series) -> Finding:
    """Return the share of trainings that failed (a bool per training), with Wilson's interval."""
    if failed.empty:
        raise NotMeasuredError("team_training.csv has no such training; add a sweep of lambda")
    share = float(failed.mean())
    return Finding(share, *binomial_interval(share, len(failed)), len(failed), "trainings")


def attribution_overhead(study: Study) -> Finding:
    """Return how many times as long one batch takes with Eq. 8, forward and backward, as with plain cross-entropy."""
    values = _literal_sweep(study)["overhead"].dropna().to_numpy()
    if not len(values):
        raise NotMeasuredError("the times of the trainings were not kept")
    return Finding(*mean_interval(values), len(values), "trainings")
