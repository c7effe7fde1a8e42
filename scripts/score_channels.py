"""Put the growth of searches over channels beside that of the other scopes, for as many evaluations."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.searches.fronts import hypervolume_curve
from heterodox.storage.features import FeatureFile
from heterodox.storage.tables import read_table, write_table


def score_channels(spec: dict, histories: list[Path], curves: Path, train: Path, table: Path) -> None:
    """Write scope, run, evaluations and hypervolume of every searched scope, the channels' last."""
    with FeatureFile(train) as file:
        classes = len(file.classes)
    found = []
    for path in histories:
        history = read_table(path, ["scope", "run"])
        curve = hypervolume_curve(history, classes)
        curve.insert(0, "scope", history["scope"].iloc[0])
        curve.insert(1, "run", history["run"].iloc[0])
        found.append(curve)
    others = read_table(curves, ["scope", "kind", "run", "evaluations", "hypervolume"])
    others = others[(others["kind"] == "nsga2") & (others["evaluations"] <= max(map(len, found)))]
    write_table(pd.concat([others.drop(columns="kind"), *found]), table)


if __name__ == "__main__":
    command.run(score_channels)
