"""Measure how much of the space of objectives each search dominates, and what it gains over chance and no pruning."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.searches.fronts import hypervolume_curve, run_volumes, search_comparisons
from heterodox.storage.features import FeatureFile
from heterodox.storage.tables import read_table, write_table


def score_searches(
    spec: dict, evaluations: Path, heads: Path, train: Path, volumes: Path, curves: Path, comparisons: Path
) -> None:
    """Write hypervolumes per run, their growth with every evaluation, and differences over runs."""
    config = spec["config"]
    histories = read_table(evaluations)
    measured = ["accuracy", "auroc", "test_accuracy", "test_auroc"]
    found = read_table(heads, ["kind", "run", "parameters", *measured])
    with FeatureFile(train) as file:
        classes = len(file.classes)
    unpruned = found[found["kind"] == "unpruned"]
    table = run_volumes(histories, classes, int(unpruned["parameters"].iloc[0]))
    write_table(table.assign(recipe=config["recipe"]), volumes)
    by_run = histories.groupby(["scope", "kind", "run"], sort=True)
    parts = []
    for (scope, kind, run), history in by_run:
        curve = hypervolume_curve(history, classes)
        for place, (name, value) in enumerate({"scope": scope, "kind": kind, "run": run}.items()):
            curve.insert(place, name, value)
        parts.append(curve)
    write_table(pd.concat(parts), curves)
    compared = search_comparisons(table, found, classes, config["scopes"], config["seed"])
    write_table(compared.assign(recipe=config["recipe"]), comparisons)


if __name__ == "__main__":
    command.run(score_searches)
