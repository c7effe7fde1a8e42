"""Pruned members on corrupted images, beside what the search optimised: does one kind of robustness bring the other?"""

import numpy as np
import pandas as pd

from heterodox.metrics.trends import trend
from heterodox.streams import stream

HEAD_COLUMNS = ["kind", "member", "run", "active_share", "accuracy", "auroc", "test_auroc", "parameters"]
QUANTITIES = ("test_auroc", "active_share")


def members_table(accuracies: pd.DataFrame, heads: pd.DataFrame) -> pd.DataFrame:
    """Return one row per member and shift: accuracy, lost (clean minus shifted accuracy), and facts of the member.

    accuracies: columns member, shift (`clean` among them), accuracy in 0..1. heads: HEAD_COLUMNS; `accuracy` and
    `auroc` are on validation images and get the prefix validation_.
    """
    named = heads[(heads["kind"] == "front") & heads["member"].notna()]
    facts = named[[name for name in HEAD_COLUMNS if name != "kind"]]
    facts = facts.rename(columns={"accuracy": "validation_accuracy", "auroc": "validation_auroc"})
    clean = accuracies[accuracies["shift"] == "clean"].set_index("member")["accuracy"]
    table = accuracies.assign(lost=accuracies["member"].map(clean) - accuracies["accuracy"])
    return table.merge(facts, on="member", how="left", validate="many_to_one")


def correlations(table: pd.DataFrame, seed: int, replicates: int) -> pd.DataFrame:
    """Return how the accuracy lost on each shift goes with AUROC and with size, over members.

    Columns shift, quantity, spearman in [-1, 1], low, high (95 % bootstrap over members), n. A negative correlation
    with test_auroc says that members which tell strange images also bear corruption better.
    """
    rows = []
    for shift, own in table[table["shift"] != "clean"].groupby("shift", sort=False):
        for name in QUANTITIES:
            first, second = own[name].to_numpy(), own["lost"].to_numpy()
            drawn = stream(seed, "bootstrap members", str(shift), name).integers(len(own), size=(replicates, len(own)))
            values = np.array([trend(first[chosen], second[chosen]).spearman for chosen in drawn])
            known = np.isfinite(values)
            low, high = np.percentile(values[known], [2.5, 97.5]) if known.any() else (np.nan, np.nan)
            value = trend(first, second).spearman
            rows.append({"shift": shift, "quantity": name, "spearman": value, "low": low, "high": high, "n": len(own)})
    return pd.DataFrame(rows, columns=["shift", "quantity", "spearman", "low", "high", "n"])
