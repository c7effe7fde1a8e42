"""Cells as members: what predicts how they bear corruption, alone and together; the wide cell; two recipes' ranks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.metrics.trends import trend
from heterodox.storage.dumps import DumpFile
from heterodox.streams import stream
from heterodox.tables.cell_inspections import LEAST, rank_correlation
from heterodox.tables.members import accuracies

MEMBER_COLUMNS = ["member", "genome", "introspectability", "clean_accuracy", "shifted_accuracy"]
ENSEMBLE_COLUMNS = ["ensemble", "consensus", "improvement", "disagreement", "introspectability"]
RECIPE_COLUMNS = ["genome", "recipe", "accuracy", "introspectability"]
# Table I1 as printed, errors on CIFAR-10.
PRINTED = (
    ("PPP-Net", 0.0436, "FLOPs, parameters or inference time"),
    ("MONAS", 0.0434, "power"),
    ("NSGA-Net", 0.0385, "FLOPs"),
    ("XNAS", 0.0445, "introspectability"),
)
WIDE_NOTE = (
    "The most accurate cell of the multi-objective search with more channels, trained longer. Errors are shares of "
    "test images; those of other methods are for CIFAR-10, as the paper prints them (Table I1)."
)


def member_rows(descriptions: Sequence[Mapping[str, Any]], dumps: Sequence[DumpFile], shifts: int) -> pd.DataFrame:
    """Return one row per cell with MEMBER_COLUMNS: accuracies on clean test images, and the mean over `shifts`.

    dumps: of each member in the order of the descriptions the clean one, then one per corruption.
    """
    each = shifts + 1
    if len(dumps) != each * len(descriptions):
        raise UserError(f"cells: {len(dumps)} dumps for {len(descriptions)} members and {each} shifts; run them again")
    rows = []
    for place, described in enumerate(descriptions):
        found = [accuracies(dump, [1])[0] for dump in dumps[place * each : (place + 1) * each]]
        rows.append(
            {
                "member": described["member"],
                "genome": described["genome"],
                "parameters": described["parameters"],
                "introspectability": described["objective"],
                "validation_accuracy": described["accuracy"],
                "clean_accuracy": found[0],
                "shifted_accuracy": float(np.mean(found[1:])),
                "lost": found[0] - float(np.mean(found[1:])),
            }
        )
    return pd.DataFrame(rows)


def ensemble_rows(scores: Sequence[pd.DataFrame], members: pd.DataFrame) -> pd.DataFrame:
    """Return one row per ensemble and consensus: means over the corruptions, and of its members' introspectability.

    scores: the tables of `score_ensembles`, one per corruption, with the same ensembles.
    """
    joined = pd.concat(scores, ignore_index=True)
    numbers = ["accuracy", "improvement", "mean_member_accuracy", "disagreement"]
    numbers += [name for name in ("attribution_diversity",) if name in joined]
    found = joined.groupby(["ensemble", "consensus"], sort=False)[numbers].mean().reset_index()
    known = dict(zip(members["member"], members["introspectability"], strict=True))
    found["introspectability"] = [
        float(np.mean([known[name] for name in ensemble.split("+")])) for ensemble in found["ensemble"]
    ]
    return found


def correlations(members: pd.DataFrame, ensembles: pd.DataFrame, replicates: int, seed: int) -> pd.DataFrame:
    """Return what goes with what: Spearman's r with its 95 % interval and n.

    Of cells: `lost` accuracy and `shifted_accuracy` with introspectability, intervals over cells. Of ensembles by their
    first consensus: `improvement` and `accuracy` with disagreement, introspectability and attribution diversity;
    ensembles share cells, so that what is drawn again are the cells: an ensemble counts by the product of how often
    each of its cells was drawn.
    """
    rows: list[dict[str, object]] = []
    for name in ("lost", "shifted_accuracy"):
        pairs = members[[name, "introspectability"]].to_numpy(np.float64)
        found = rank_correlation(pairs, replicates, seed, f"cells {name}")
        rows.append({"of": name, "with": "introspectability", "unit": "cells", **found})
    known = ensembles[ensembles["consensus"] == ensembles["consensus"].iloc[0]]
    for name in ("improvement", "accuracy"):
        for other in ("disagreement", "introspectability", "attribution_diversity"):
            if other in known and known[other].notna().all():
                found = ensemble_correlation(known, name, other, list(members["member"]), replicates, seed)
                rows.append({"of": name, "with": other, "unit": "ensembles", **found})
    return pd.DataFrame(rows)


def ensemble_correlation(
    ensembles: pd.DataFrame, name: str, other: str, members: Sequence[str], replicates: int, seed: int
) -> dict[str, object]:
    """Return Spearman's r of two columns over ensembles, its 95 % interval over the cells they are made of, and n."""
    x, y = (ensembles[column].to_numpy(np.float64) for column in (name, other))
    places = {member: place for place, member in enumerate(members)}
    parts = np.array([[places[part] for part in text.split("+")] for text in ensembles["ensemble"]])
    generator = stream(seed, "bootstrap of ensembles of cells", name, other)
    drawn = []
    for _ in range(replicates):
        counts = np.bincount(generator.integers(0, len(members), len(members)), minlength=len(members))
        drawn.append(trend(x, y, counts[parts].prod(axis=1)).spearman)
    known = np.array(drawn)[np.isfinite(drawn)]
    enough = len(known) > replicates / 2 and len(members) >= LEAST
    low, high = np.percentile(known, [2.5, 97.5]) if enough else (np.nan, np.nan)
    return {"spearman": trend(x, y).spearman, "low": float(low), "high": float(high), "n": len(ensembles)}


def wide_table(description: Mapping[str, Any], dataset: str, label: str) -> pd.DataFrame:
    """Return Table I1: the errors that the paper prints for CIFAR-10, and that of this study's wide cell."""
    rows = [
        {"method": f"{name} (printed)", "dataset": "CIFAR-10", "error": error, "other_objective": objective}
        for name, error, objective in PRINTED
    ]
    own = {
        "method": f"this study ({label})",
        "dataset": dataset,
        "error": 1 - description["test_accuracy"],
        "error_low": 1 - description["test_accuracy_high"],
        "error_high": 1 - description["test_accuracy_low"],
        "other_objective": "introspectability",
        "genome": description["genome"],
        "parameters": description["parameters"],
        "epochs": description["recipe"]["epochs"],
    }
    return pd.DataFrame([*rows, own]).astype({"parameters": "Int64", "epochs": "Int64"})


def recipe_correlations(recipes: pd.DataFrame, replicates: int, seed: int) -> pd.DataFrame:
    """Return, for both objectives, Spearman's r between what the `search` and a `longer` training say of equal cells.

    Also means under each recipe, and the 95 % interval over cells.
    """
    both = recipes.pivot(index="genome", columns="recipe")
    rows = []
    for objective in ("accuracy", "introspectability"):
        pairs = both[objective][["search", "longer"]].dropna().to_numpy(np.float64)
        found = rank_correlation(pairs, replicates, seed, f"recipes {objective}")
        means = dict(zip(("mean_search", "mean_longer"), pairs.mean(axis=0), strict=True))
        rows.append({"objective": objective, **found, **means})
    return pd.DataFrame(rows)
