"""Score ensembles of the merged front inside windows of quantiles, and each run's best against its unpruned network."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.ensembles.pruned_heads import Outputs, gain_over_unpruned, window_table
from heterodox.storage.arrays import read_arrays
from heterodox.storage.tables import read_table, write_table

ARRAYS = ["known", "unknown", "unpruned_known", "unpruned_unknown", "labels", "index"]


def score_front_ensembles(spec: dict, heads: Path, logits: Path, ensembles: Path, gains: Path) -> None:
    """Write one row per window, consensus and measure, and one per measure and run for its best single head."""
    config = spec["config"]
    table = read_table(heads, ["kind", "run", "place", "rank", "accuracy", "auroc"])
    front = table[table["kind"] == "front"].sort_values("place")
    found = read_arrays(logits, *ARRAYS)
    # OoD images come from several sources that count their images alike: their places tell them apart.
    images = {"labels": found["labels"], "index": found["index"]}
    images |= {"unknown_index": -1 - np.arange(found["unknown"].shape[1])}
    outputs = Outputs(found["known"], found["unknown"], **images, **config["detection"])
    unpruned = Outputs(found["unpruned_known"], found["unpruned_unknown"], **images, **config["detection"])
    bootstrap = config["seed"], config["replicates"]
    merged = np.flatnonzero(front["rank"] == 0)  # what no run's mask dominates
    ensembled = window_table(outputs.of(merged), front.iloc[merged], config["windows"], *bootstrap)
    gained = gain_over_unpruned(outputs, unpruned, front["run"].tolist(), front)
    write_table(ensembled.assign(recipe=config["recipe"]), ensembles)
    write_table(gained.assign(recipe=config["recipe"]), gains)


if __name__ == "__main__":
    command.run(score_front_ensembles)
