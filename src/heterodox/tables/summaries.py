"""Parts of a table joined into one, and what a reader wants first: the best of each pool and shift."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from heterodox.errors import UserError
from heterodox.storage.tables import read_table


def collect(parts: Sequence[Path], keys: Sequence[str]) -> pd.DataFrame:
    """Return the rows of all parts in the order given; columns that a part lacks are empty in its rows.

    Raises UserError where a part lacks one of the columns `keys`, or two rows are the same in all of them.
    """
    if not parts:
        raise UserError("collect: no parts were given; name at least one pool and one shift")
    whole = pd.concat([read_table(part, list(keys)) for part in parts], ignore_index=True)
    repeated = whole.duplicated(list(keys))
    if repeated.any():
        row = ", ".join(str(whole.loc[repeated.idxmax(), key]) for key in keys)
        raise UserError(f"{parts[0]} and the other parts: the row {row} stands there twice; delete them and run again")
    return whole


def best_per_shift(members: pd.DataFrame, ensembles: pd.DataFrame, consensus: str = "mean_logit") -> pd.DataFrame:
    """Return per pool and shift the best member, the best ensemble and the share of ensembles above their best member.

    members, ensembles: the tables members.csv and ensembles.csv. A pool that was not scored with `consensus` is
    summarised with the first one it has; the column tells. The best member is the best of those in the pool's
    ensembles. Ties go to the first row.
    """
    rows = []
    for (pool, shift), scored in ensembles.groupby(["pool", "shift"], sort=False):
        kind = consensus if consensus in set(scored["consensus"]) else scored["consensus"].iloc[0]
        chosen = scored[scored["consensus"] == kind]
        best = chosen.loc[chosen["accuracy"].idxmax()]
        in_pool = members["member"].isin(set("+".join(chosen["ensemble"]).split("+")))
        single = members[in_pool & (members["shift"] == shift)]
        top = single.loc[single["top1"].idxmax()]
        rows.append(
            {
                "pool": pool,
                "shift": shift,
                "best_member": top["member"],
                "accuracy_of_member": top["top1"],
                "consensus": kind,
                "best_ensemble": best["ensemble"],
                "accuracy_of_ensemble": best["accuracy"],
                "share_above_best_member": (chosen["improvement"] > 0).mean(),
                "ensembles": len(chosen),
            }
        )
    return pd.DataFrame(rows)


def as_text(summary: pd.DataFrame) -> str:
    """Return the table of `best_per_shift` for a terminal: shares in %, a pool or consensus of all rows as heading."""
    shown = summary.copy()
    for name in ("accuracy_of_member", "accuracy_of_ensemble", "share_above_best_member"):
        shown[name] = [f"{share:.1%}" for share in summary[name]]
    same = [name for name in ("pool", "consensus") if shown[name].nunique() == 1]
    heading = ", ".join(f"{name} {shown[name].iloc[0]}" for name in same)
    shown = shown.drop(columns=same).rename(columns=lambda name: name.replace("_", " "))
    return f"{heading}\n{shown.to_string(index=False)}".lstrip("\n")


def most_accurate(ensembles: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """Return the `count` most accurate ensembles of each pool, shift and consensus, in the order of their groups."""
    order = ensembles.groupby(["pool", "shift", "consensus"], sort=False).ngroup()
    ranked = ensembles.assign(group=order).sort_values(["group", "accuracy"], ascending=[True, False], kind="stable")
    return ranked.groupby("group").head(count).drop(columns="group").reset_index(drop=True)
