"""Rank some masks by the reduced and by the full recipe of a pruning study."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.searches.fronts import OBJECTIVES, recipe_agreement
from heterodox.searches.mask_names import named_mask
from heterodox.searches.pruning import search_features
from heterodox.storage.tables import read_table, write_table
from heterodox.training.populations import evaluate_masks
from heterodox.training.recipe import HeadRecipe

log = logging.getLogger(__name__)


def compare_recipes(
    spec: dict, train: Path, validation: Path, ood_validation: Path, history: Path, masks: Path, table: Path
) -> None:
    """Train masks that a random search drew again with the full recipe; write them and the rank correlations."""
    config = spec["config"]
    features = search_features(train, validation, ood_validation)
    found = read_table(history, ["genome", "run", *OBJECTIVES])
    rows = np.unique(np.round(np.linspace(0, len(found) - 1, config["candidates"])).astype(int))
    chosen = found.iloc[rows].reset_index(drop=True)
    recipe = HeadRecipe.from_config(config["full_head"], "pruning.full_head")
    recipe = replace(recipe, hidden=HeadRecipe.from_config(config["head"], "pruning.head").hidden)
    full = evaluate_masks(
        features,
        np.array([named_mask(name) for name in chosen["genome"]]),
        *(recipe, config["seed"], int(chosen["run"].iloc[0]), config["scope"]),
        **config["detection"],
    )
    both = chosen[["genome", *OBJECTIVES, "epochs"]].copy()
    for place, name in enumerate(OBJECTIVES):
        both[f"full_{name}"] = full.objectives[:, place]
    both["full_epochs"] = full.epochs
    again = both[[f"full_{name}" for name in OBJECTIVES]].set_axis(OBJECTIVES, axis=1)
    agreement = recipe_agreement(chosen, again, config["seed"])
    log.info("rank correlation of reduced and full recipe:\n%s", agreement.to_string(index=False))
    write_table(both, masks)
    write_table(agreement, table)


if __name__ == "__main__":
    command.run(compare_recipes)
