"""The claims of the pruning paper, each with its direction and how a study answers it.

Poyatos, Molina, Martinez-Seras, Del Ser & Herrera, "Multiobjective Evolutionary Pruning of Deep Neural Networks with
Transfer Learning for improving their Performance and Robustness".
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from heterodox.metrics.trends import trend
from heterodox.searches.fronts import paired_difference
from heterodox.streams import stream
from heterodox.tables.claims import ABOVE, BELOW, Claim, Finding, NotMeasuredError, Quantity, Range

SEARCH = "Does the search balance accuracy, size and robustness?"
ENSEMBLES = "Do ensembles of differently pruned networks do better still?"
PATTERNS = "Which features matter, and do they look at the same places?"
BEYOND = "Beyond the paper"


@dataclass(frozen=True)
class Study:
    """The study's tables by name, without the prefix `pruning_`; seed and replicates of the bootstrap."""

    tables: dict[str, pd.DataFrame]
    seed: int
    replicates: int
    scope: str

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; NotMeasuredError where the study has none."""
        if name not in self.tables:
            raise NotMeasuredError(f"the study has no pruning_{name}.csv, or it is empty")
        return self.tables[name]


def compared(comparison: str, measure: str, words: str) -> Quantity:
    """Return a mean difference over runs from pruning_comparisons.csv."""

    def find(study: Study) -> Finding:
        table = study.table("comparisons")
        rows = table[(table["comparison"] == comparison) & (table["measure"] == measure)]
        if rows.empty:
            raise NotMeasuredError(f"no comparison {comparison}")
        row = rows.iloc[0]
        return Finding(row["value"], row["low"], row["high"], int(row["n"]), "runs")

    return Quantity(words, find)


def gained(measure: str, words: str) -> Quantity:
    """Return what the best head of each run by validation gains over its unpruned one, from pruning_gains.csv."""

    def find(study: Study) -> Finding:
        table = study.table("gains")
        own = table[table["measure"] == measure]
        return _over_runs(own["value"], own["unpruned"], study.seed, f"gains {measure}")

    return Quantity(words, find)


def smallest(study: Study) -> Finding:
    """Return the share of active genes of each run's most accurate mask: mean, and the bounds over runs."""
    table = study.table("evaluations")
    own = table[(table["scope"] == study.scope) & (table["kind"] == "nsga2")]
    best = own.sort_values(["error", "active_share"]).groupby("run").first()["active_share"].to_numpy()
    drawn = stream(study.seed, "bootstrap runs", "smallest").integers(len(best), size=(study.replicates, len(best)))
    bounds = (best.min(), best.max()) if len(best) < 10 else np.percentile(best[drawn].mean(axis=1), [2.5, 97.5])
    return Finding(float(best.mean()), float(bounds[0]), float(bounds[1]), len(best), "runs")


def between_objectives(first: str, second: str) -> Quantity:
    """Return Spearman's correlation of two objectives over the merged front, interval over its masks."""

    def find(study: Study) -> Finding:
        table = study.table("front")
        front = table[table["rank"] == 0]
        x, y = front[first].to_numpy(), front[second].to_numpy()
        drawn = stream(study.seed, "bootstrap front", first, second).integers(len(x), size=(study.replicates, len(x)))
        return _bounded(
            trend(x, y).spearman, [trend(x[chosen], y[chosen]).spearman for chosen in drawn], len(x), "masks"
        )

    return Quantity(f"rank correlation of {first} and {second} over the merged front", find)


def at_equal_density(kind: str, measure: str) -> Quantity:
    """Return what a run's masks are better than baselines of the same density on test images, over runs.

    Masks of one run share their weights' start and order of images, so a run's mean difference counts once.
    """

    def find(study: Study) -> Finding:
        heads = study.table("heads").set_index(["run", "place"])
        front, other = (heads.loc[heads["kind"] == which, f"test_{measure}"] for which in ("front", kind))
        both = pd.DataFrame({"front": front, "other": other}).dropna().groupby("run").mean()
        if both.empty:
            raise NotMeasuredError(f"pruning_heads.csv has no {kind} masks")
        return _over_runs(both["front"], both["other"], study.seed, f"{kind} {measure}")

    return Quantity(f"test {measure} of the front's masks minus {kind} ones of equal density, mean per run", find)


def ensemble_gain(consensus: str, measure: str) -> Quantity:
    """Return the mean gain over all windows that have an ensemble; its interval is the mean of theirs."""

    def find(study: Study) -> Finding:
        table = study.table("ensembles")
        own = table[(table["consensus"] == consensus) & (table["measure"] == measure)].dropna(subset=["gain"])
        if own.empty:
            raise NotMeasuredError("no window holds two members")
        means = own[["gain", "low", "high"]].mean()
        return Finding(means["gain"], means["low"], means["high"], len(own), "windows")

    words = f"{measure} of a window's ensemble ({consensus}) minus that of its best member, test images"
    return Quantity(words, find)


def worst_corruption(quantity: str, study: Study) -> Finding:
    """Return the mean over corruptions of the correlation of lost accuracy with a quantity."""
    table = study.table("resilience")
    own = table[table["quantity"] == quantity].dropna(subset=["spearman"])
    if own.empty:
        raise NotMeasuredError("the members differ in no corruption")
    means = own[["spearman", "low", "high"]].mean()
    return Finding(
        means["spearman"], means["low"], means["high"], len(own), f"corruptions of {own['n'].iloc[0]} members"
    )


def agreement(study: Study) -> Finding:
    """Return the rank correlation of reduced and full recipe, the mean of error and 1 - AUROC."""
    means = study.table("recipe_agreement")[["spearman", "low", "high"]].mean()
    return Finding(
        means["spearman"], means["low"], means["high"], int(study.table("recipe_agreement")["n"].iloc[0]), "masks"
    )


def map_agreement(study: Study) -> Finding:
    """Return how much a map by the top features agrees with that of all: mean and interval over images.

    Images on which a map is constant, which agrees with nothing and differs from nothing, do not count.
    """
    values = _attention(study)["top"].dropna().to_numpy()
    if not len(values):
        raise NotMeasuredError("the maps of the most frequent features are constant on every image")
    drawn = stream(study.seed, "bootstrap maps").integers(len(values), size=(study.replicates, len(values)))
    return _bounded(float(values.mean()), values[drawn].mean(axis=1), len(values), "images")


def agreement_over_chance(study: Study) -> Finding:
    """Return how much more the map by the top features agrees with that of all than those by random sets do.

    Of each random set the mean over the images on which no map is constant; the bounds hold 95 % of the sets, so that
    top features agree more than chance only where hardly a random set comes up to them.
    """
    table = _attention(study)
    random = table[[name for name in table.columns if name.startswith("random_")]]
    values = (-random.sub(table["top"], axis=0)).mean().dropna().to_numpy()
    if not len(values):
        raise NotMeasuredError("no image has maps of top and of random features that are not constant")
    return _bounded(float(values.mean()), values, len(values), "random sets of features")


def _attention(study: Study) -> pd.DataFrame:
    table = study.table("attention")
    if table.empty:
        raise NotMeasuredError("pruning_attention.csv is empty: no gene of the study is a feature")
    return table


def _over_runs(first: pd.Series, second: pd.Series, seed: int, name: str) -> Finding:
    """Return the difference of numbers paired by run, which few runs decide only where all agree."""
    found = paired_difference(first.to_numpy(), second.to_numpy(), seed, name)
    return Finding(found["value"], found["low"], found["high"], int(found["n"]), "runs")


def _bounded(value: float, drawn: "np.ndarray | list[float]", n: int, unit: str) -> Finding:
    known = np.asarray(drawn)[np.isfinite(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return Finding(value, float(low), float(high), n, unit)


CLAIMS = (
    Claim(
        "beats-random",
        SEARCH,
        "5.2",
        "The evolved masks dominate more of the space of objectives than random ones of equal budget",
        "yes, fronts shown",
        ABOVE,
        compared("search - random", "hypervolume", "hypervolume of the search minus that of random masks"),
    ),
    Claim(
        "beats-unpruned",
        SEARCH,
        "5.2, abstract",
        "The front holds networks better than the unpruned one in accuracy and robustness",
        "yes on most data sets",
        ABOVE,
        compared(
            "search - unpruned",
            "test_box",
            "area of error and 1 - AUROC on test images of the front's best head by validation minus the unpruned's",
        ),
    ),
    Claim(
        "accuracy-gain",
        SEARCH,
        "5.2",
        "Pruning improves accuracy",
        "yes on most data sets",
        ABOVE,
        gained("accuracy", "test accuracy of each run's head best on validation images minus its unpruned head's"),
    ),
    Claim(
        "robustness-gain",
        SEARCH,
        "5.2",
        "Pruning improves the detection of strange images",
        "yes on most data sets",
        ABOVE,
        gained("auroc", "test AUROC of each run's head best on validation images minus its unpruned head's"),
    ),
    Claim(
        "fewer-neurons",
        SEARCH,
        "5.2",
        "The most accurate masks keep a part of the neurons only",
        "less than all on every data set",
        Range(upper=0.95),
        Quantity("active share of each run's most accurate mask", smallest),
    ),
    Claim(
        "size-against-error",
        SEARCH,
        "5.2",
        "Accuracy has to be paid with size along the front",
        "a trade-off",
        BELOW,
        between_objectives("error", "active_share"),
    ),
    Claim(
        "beats-magnitude",
        SEARCH,
        "2, beside pruning by weights",
        "Evolved masks are more accurate than masks by magnitude of equal density",
        "not measured there",
        ABOVE,
        at_equal_density("magnitude", "accuracy"),
    ),
    Claim(
        "beats-magnitude-robustness",
        SEARCH,
        "2, beside pruning by weights",
        "Evolved masks tell strange images better than masks by magnitude of equal density",
        "not measured there",
        ABOVE,
        at_equal_density("magnitude", "auroc"),
    ),
    *(
        Claim(
            f"ensembles-{measure}-{consensus.replace('_', '-')}",
            ENSEMBLES,
            "5.4",
            f"Ensembles inside quantile windows have a higher {measure} than their best member ({words})",
            "positive overall",
            ABOVE,
            ensemble_gain(consensus, measure),
        )
        for consensus, words in (("majority_vote", "majority vote"), ("mean_probability", "mean probability"))
        for measure in ("accuracy", "auroc")
    ),
    Claim(
        "same-places",
        PATTERNS,
        "5.3, Grad-CAM",
        "The ten most frequent features look where the unpruned network looks",
        "yes, shown on images",
        ABOVE,
        Quantity("correlation over places of the two Grad-CAM maps", map_agreement),
    ),
    Claim(
        "same-places-over-chance",
        PATTERNS,
        "5.3, Grad-CAM",
        "They do so more than ten random features, drawn 20 times",
        "no such control there",
        ABOVE,
        Quantity("correlation with the whole map: top features minus random ones", agreement_over_chance),
    ),
    Claim(
        "robust-in-both",
        BEYOND,
        "-",
        "Pruned networks that tell strange images better also lose less under corruption",
        "not asked there",
        BELOW,
        Quantity("rank correlation of test AUROC and accuracy lost", partial(worst_corruption, "test_auroc")),
    ),
    Claim(
        "reduced-recipe",
        BEYOND,
        "-",
        "The reduced recipe of this study ranks masks as the full one does",
        "not asked there",
        Range(lower=0.5),
        Quantity("rank correlation of both recipes, mean of error and 1 - AUROC", agreement),
    ),
)
