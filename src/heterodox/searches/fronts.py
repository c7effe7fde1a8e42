"""What several runs of a pruning search found together, and how much of the space of objectives it dominates.

No networks here: tables in, tables out. The reference of the hypervolume is chance: an error of 1 - 1/classes, every
gene active, and an AUROC of 0.5.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.metrics.hypervolume import hypervolume, non_dominated_rank
from heterodox.metrics.trends import trend
from heterodox.searches.mask_names import named_mask
from heterodox.streams import stream

OBJECTIVES = ["error", "active_share", "auroc_loss"]
DECIDING_RUNS = 10  # from so many runs on an interval over runs decides; with fewer, every run has to agree
REPLICATES = 2000


def reference(classes: int) -> np.ndarray:
    """Return the reference point (error, active share, 1 - AUROC) of a network that guesses."""
    return np.array([1 - 1 / classes, 1.0, 0.5])


def front_table(histories: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the masks that nothing in their own run dominates, the most accurate of the merged front first.

    histories: evaluations with scope, kind, run, order and objectives. Column `rank`: 0 on the front of all runs
    merged, 1 where only that dominates it, and so on; `run_rank` likewise within the run. `count` masks are handed over
    as members, their column `member` names them pruned_01, pruned_02, ...: evenly spread over the merged front in the
    order of accuracy, and where it has fewer, those that only it dominates. UserError where all runs have fewer.
    """
    known = histories.dropna(subset=OBJECTIVES).drop_duplicates(["run", "genome"]).reset_index(drop=True)
    if len(known) < count:
        raise UserError(f"pruning.members: {count}, but the searches found only {len(known)} masks; hand over fewer")
    known["rank"] = non_dominated_rank(known[OBJECTIVES].to_numpy())
    for _, own in known.groupby("run"):
        known.loc[own.index, "run_rank"] = non_dominated_rank(own[OBJECTIVES].to_numpy())
    ordered = known.sort_values(["rank", "error", "auroc_loss", "active_share", "run", "generation", "order"])
    ordered = ordered.astype({"run_rank": int}).reset_index(drop=True)
    merged = int((ordered["rank"] == 0).sum())
    chosen = np.round(np.linspace(0, merged - 1, count)).astype(int) if merged >= count else np.arange(count)
    ordered.insert(0, "member", pd.Series(index=ordered.index, dtype=object))
    ordered.loc[chosen, "member"] = [f"pruned_{place:02d}" for place in range(1, count + 1)]
    return ordered[(ordered["run_rank"] == 0) | ordered["member"].notna()].reset_index(drop=True)


def hypervolume_curve(history: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return the hypervolume after each evaluation of one run, columns evaluations and hypervolume."""
    points = history.sort_values(["generation", "order"])[OBJECTIVES].to_numpy()
    volumes = [hypervolume(points[: count + 1], reference(classes)) for count in range(len(points))]
    return pd.DataFrame({"evaluations": np.arange(1, len(points) + 1), "hypervolume": volumes})


def run_volumes(histories: pd.DataFrame, classes: int, whole_parameters: int) -> pd.DataFrame:
    """Return one row per scope, kind and run: how much is dominated, with three meanings of size.

    hypervolume: in (error, active share, 1 - AUROC). parameter_hypervolume: with the share of the whole head's
    parameters instead of that of the genes, which means the same in every scope. area: in (error, 1 - AUROC) alone,
    where an unpruned network can compete.
    """
    chance = reference(classes)
    rows = []
    for (scope, kind, run), history in histories.groupby(["scope", "kind", "run"], sort=True):
        points = history[OBJECTIVES].to_numpy()
        by_parameters = points.copy()
        by_parameters[:, 1] = history["parameters"] / whole_parameters
        rows.append(
            {
                "scope": scope,
                "kind": kind,
                "run": run,
                "evaluations": len(history),
                "hypervolume": hypervolume(points, chance),
                "parameter_hypervolume": hypervolume(by_parameters, chance),
                "area": hypervolume(points[:, [0, 2]], chance[[0, 2]]),
            }
        )
    return pd.DataFrame(rows)


def paired_difference(first: Sequence[float], second: Sequence[float], seed: int, name: str) -> dict[str, float]:
    """Return the mean difference of paired runs with bounds: keys value, low, high, n.

    From ten runs on the bounds are a 95 % bootstrap over runs. With fewer they are the smallest and the largest
    difference: so the sign is decided only where every run agrees.
    """
    differences = np.asarray(first, float) - np.asarray(second, float)
    if len(differences) < DECIDING_RUNS:
        low, high = differences.min(), differences.max()
    else:
        drawn = stream(seed, "bootstrap runs", name).integers(len(differences), size=(REPLICATES, len(differences)))
        low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return {"value": float(differences.mean()), "low": float(low), "high": float(high), "n": len(differences)}


def search_comparisons(
    volumes: pd.DataFrame, heads: pd.DataFrame, classes: int, scopes: Sequence[str], seed: int
) -> pd.DataFrame:
    """Return what searching gains, over runs: columns comparison, scope, measure, value, low, high, n, wins.

    search - random: against random masks of equal budget. search - unpruned: against the box of the unpruned network,
    which has no volume where size counts, so the area of error and 1 - AUROC is compared too. These describe the search
    on the validation images that chose its masks. `test_box` of search - unpruned is the area that one head dominates
    by itself on test images, the head of the run's front that dominates most on validation images: so the test images
    chose nothing, and many heads are no advantage. scope - other: the study's own scope, the first of `scopes`, against
    the others, by share of parameters. wins: runs in which the first is larger.

    heads: pruning_heads.csv, the heads of every run's front and its unpruned one, on validation and on test images.
    """
    by_run = volumes.set_index(["scope", "kind", "run"])
    own = scopes[0]
    searched, drawn = by_run.loc[(own, "nsga2")], by_run.loc[(own, "random")]
    runs = searched.index
    unpruned = heads[heads["kind"] == "unpruned"].set_index("run").loc[runs]
    boxes = _boxes(unpruned, classes)
    pairs = [
        ("search - random", own, measure, searched[measure], drawn.loc[runs, measure])
        for measure in ("hypervolume", "area")
    ]
    pairs += [("search - unpruned", own, measure, searched[measure], boxes[measure]) for measure in boxes]
    chosen = _best_by_validation(heads, classes).loc[runs]
    sides = (_areas(chosen, classes, "test_"), _areas(unpruned, classes, "test_"))
    pairs.append(("search - unpruned", own, "test_box", *sides))
    for other in scopes[1:]:
        count = by_run.loc[(other, "nsga2")]["parameter_hypervolume"]
        pairs.append(("scope - other", other, "parameter_hypervolume", searched["parameter_hypervolume"], count))
    rows = []
    for comparison, scope, measure, first, second in pairs:
        numbers = paired_difference(first, second, seed, f"{comparison} {scope} {measure}")
        wins = int((np.asarray(first) > np.asarray(second)).sum())
        rows.append({"comparison": comparison, "scope": scope, "measure": measure, **numbers, "wins": wins})
    return pd.DataFrame(rows)


def _boxes(unpruned: pd.DataFrame, classes: int) -> dict[str, list[float]]:
    """Return what the unpruned network of each run dominates by itself."""
    chance = reference(classes)
    points = np.stack([1 - unpruned["accuracy"], np.ones(len(unpruned)), 1 - unpruned["auroc"]], axis=1)
    return {
        "hypervolume": [hypervolume(point[None], chance) for point in points],
        "area": _areas(unpruned, classes),
    }


def _areas(heads: pd.DataFrame, classes: int, images: str = "") -> list[float]:
    """Return the area of error and 1 - AUROC that each head dominates by itself, on `test_` or validation images."""
    points = 1 - heads[[f"{images}accuracy", f"{images}auroc"]].to_numpy()
    return [hypervolume(point[None], reference(classes)[[0, 2]]) for point in points]


def _best_by_validation(heads: pd.DataFrame, classes: int) -> pd.DataFrame:
    """Return by run the head of its front that dominates the largest area on validation images."""
    front = heads[heads["kind"] == "front"].reset_index(drop=True)
    areas = pd.Series(_areas(front, classes))
    return front.loc[areas.groupby(front["run"]).idxmax()].set_index("run")


def gene_table(genomes: Sequence[str], scope: str, features: int, top: int) -> pd.DataFrame:
    """Return how often each gene is active over the masks of a front: columns kind, gene, frequency, rank, top.

    kind: `feature` or `unit`; gene: its place among its kind; frequency: share of the masks, 0..1; rank: 1 for the most
    frequent of its kind, equal ones in the order of their places; top: whether it is among the first `top`.
    """
    masks = np.array([named_mask(name) for name in genomes])
    frequency = masks.mean(axis=0)
    split = {"features": len(frequency), "units": 0, "both": features}[scope]
    parts = []
    for kind, values in (("feature", frequency[:split]), ("unit", frequency[split:])):
        ranks = np.empty(len(values), int)
        ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
        columns = {"gene": np.arange(len(values)), "frequency": values, "rank": ranks, "top": ranks <= top}
        parts.append(pd.DataFrame({"kind": kind, **columns}))
    return pd.concat(parts, ignore_index=True)


def recipe_agreement(
    reduced: pd.DataFrame, full: pd.DataFrame, seed: int, replicates: int = REPLICATES
) -> pd.DataFrame:
    """Return how the same masks rank under the reduced and under the full recipe, row by row the same mask.

    Columns objective, spearman in [-1, 1], low, high (95 % bootstrap over masks), n. Of the objectives that training
    decides: error and 1 - AUROC.
    """
    rows = []
    for name in ("error", "auroc_loss"):
        first, second = reduced[name].to_numpy(), full[name].to_numpy()
        drawn = stream(seed, "bootstrap masks", name).integers(len(first), size=(replicates, len(first)))
        values = [trend(first[chosen], second[chosen]).spearman for chosen in drawn]
        low, high = np.nanpercentile(values, [2.5, 97.5])
        numbers = {"spearman": trend(first, second).spearman, "low": low, "high": high, "n": len(first)}
        rows.append({"objective": name, **numbers})
    return pd.DataFrame(rows)
