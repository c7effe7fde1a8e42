"""How far the training of each team went before it diverged, how accurate it was then, and what its loss costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

OF_LOSS = ["loss", "penalty_consensus", "lambda", "reduction", "normalise", "cap", "explained"]
OUTCOME = ["epochs", "last_stable_epoch", "diverged_epoch", "team_validation_accuracy", "diversity"]
COLUMNS = ["sweep", "team", "seed", *OF_LOSS, "classes", *OUTCOME, "overhead"]
WHOLE = ["seed", "explained", "classes", "epochs", "last_stable_epoch", "diverged_epoch"]


def training_table(descriptions: Sequence[Mapping[str, Any]], sweeps: Sequence[pd.DataFrame] = ()) -> pd.DataFrame:
    """Return one row per training with COLUMNS: the study's teams, whose `sweep` is empty, then the sweeps' rows.

    descriptions: those of the teams' first members. `explained` is how many images of a batch give the attribution loss
    its maps, empty for all (and for losses without maps). `epochs` were asked for; `diverged_epoch` is empty where all
    were sane, and then `last_stable_epoch` is the last one; the accuracy, of the ensemble by mean logit in 0..1, is
    that of the weights that were kept. `overhead`, the time of a step as a multiple of plain cross-entropy's, is
    measured by sweeps only.
    """
    teams = pd.DataFrame([_row(found) for found in descriptions], columns=COLUMNS)
    parts = [part for part in (teams, *sweeps) if len(part)]
    if not parts:
        return teams
    whole = pd.concat([part.astype(object) for part in parts], ignore_index=True)[COLUMNS]
    numbers = ["lambda", "cap", "team_validation_accuracy", "diversity", "overhead"]
    return whole.astype(dict.fromkeys(WHOLE, "Int64") | dict.fromkeys(numbers, "float64"))


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: found.get(name) for name in COLUMNS},
        "seed": int(found["member_seed"]),  # `seed` is the study's
        "loss": found["team_loss"],  # `loss` is the number that was lowered
        "classes": len(found["classes"]),
        "epochs": found["recipe"]["epochs"],
        "last_stable_epoch": len(found["history"]),
    }
