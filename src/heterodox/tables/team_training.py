"""How far the training of each team went before it diverged, how accurate it was then, and what its loss costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COLUMNS = ["team", "seed", "loss", "penalty_consensus", "lambda", "normalise", "epochs", "last_stable_epoch"]
COLUMNS += ["diverged_epoch", "team_validation_accuracy", "seconds_per_epoch", "overhead"]


def training_table(
    descriptions: Sequence[Mapping[str, Any]], seconds: Mapping[tuple[str, int], float] | None = None
) -> pd.DataFrame:
    """Return one row per team and seed with COLUMNS.

    descriptions: those of the teams' first members. `epochs` were asked for; `diverged_epoch` is empty where all were
    sane, and then `last_stable_epoch` is the last one; the accuracy is that of the weights that were kept. `seconds`
    is how long each training ran, by (team, seed); `overhead` compares its epochs with those of independent teams.
    """
    rows = []
    for found in descriptions:
        stable = len(found["history"])
        took = (seconds or {}).get((found["team"], int(found["seed"])))
        # The epoch that diverged took its time too.
        ran = stable + (found["diverged_epoch"] is not None)
        rows.append(
            {
                **{name: found[name] for name in COLUMNS if name in found},
                "loss": found["team_loss"],
                "epochs": found["recipe"]["epochs"],
                "last_stable_epoch": stable,
                "seconds_per_epoch": None if took is None else took / ran,
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.astype({"diverged_epoch": "Int64", "seconds_per_epoch": "float64", "lambda": "float64"})
    plain = table.loc[table["loss"] == "independent", "seconds_per_epoch"].mean()
    return table.assign(overhead=table["seconds_per_epoch"] / plain)
