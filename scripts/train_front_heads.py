"""Train the heads of every run's front and of its baselines, and measure them on test images."""

from pathlib import Path

import numpy as np
import pandas as pd

from heterodox import command
from heterodox.searches.mask_names import named_mask
from heterodox.searches.pruning import search_features
from heterodox.storage.arrays import write_arrays
from heterodox.storage.features import read_features
from heterodox.storage.tables import read_table, write_table
from heterodox.training.front_heads import HeadStudy, baseline_rows, front_heads, outputs_of, unpruned_heads
from heterodox.training.recipe import HeadRecipe


def train_front_heads(
    spec: dict,
    train: Path,
    validation: Path,
    test: Path,
    ood_validation: Path,
    ood_test: Path,
    front: Path,
    heads: Path,
    logits: Path,
) -> None:
    """Write one row per head of the front, unpruned, magnitude or random, and the logits of the front's heads."""
    config = spec["config"]
    features = search_features(train, validation, ood_validation)
    study = HeadStudy(
        features,
        *(read_features(path, features.train) for path in (test, ood_test)),
        HeadRecipe.from_config(config["head"], "pruning.head"),
        config["seed"],
        config["scope"],
        **config["detection"],
    )
    found = read_table(front, ["member", "run", "genome", "rank"])
    masks, runs = np.array([named_mask(name) for name in found["genome"]]), found["run"].tolist()
    trained, unpruned = front_heads(study, masks, runs), unpruned_heads(study, config["runs"])
    rows = [
        study.row("front", run, mask, head) | {"place": place, "member": member, "rank": rank}
        for place, (run, mask, head, member, rank) in enumerate(
            zip(runs, masks, trained, found["member"], found["rank"], strict=True)
        )
    ]
    rows += baseline_rows(study, masks, runs, unpruned)
    write_arrays(logits, outputs_of(study, trained, unpruned))
    write_table(pd.DataFrame(rows).assign(recipe=config["recipe"]), heads)


if __name__ == "__main__":
    command.run(train_front_heads)
