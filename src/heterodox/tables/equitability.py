"""How differently the members of a team answer, on images that it gets right and wrong (Table 2 of the paper)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from heterodox.errors import UserError

MEASURES = ["equitability_correct", "equitability_incorrect"]
ENSEMBLE_COLUMNS = ["ensemble", "shift", "consensus", *MEASURES]
TEAM_COLUMNS = ["team", "seed", *ENSEMBLE_COLUMNS]


def equitability(teams: pd.DataFrame, ensembles: pd.DataFrame, named: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per team and shift: team, shift, seeds, and mean and standard deviation of both equitabilities.

    teams, ensembles: the tables teams.csv and ensembles.csv; of both the rows with the consensus mean_logit count.
    `named` are ensembles of a pool that stand below the teams: their `title` and `members`. Shannon equitability
    (Eq. 5, S = the number of members) lies in [0, 1], higher = more diverse votes. A mean leaves out seeds without
    such images; a standard deviation (n - 1) of fewer than two seeds is missing. Raises UserError for a named
    ensemble that no pool holds.
    """
    own = teams.loc[teams["consensus"] == "mean_logit", TEAM_COLUMNS]
    rows = pd.concat([own, *(_rows_of(ensembles, entry) for entry in named)], ignore_index=True)
    groups = rows.groupby(["team", "shift"], sort=False)
    result = groups["seed"].nunique().rename("seeds").to_frame()
    for measure in MEASURES:
        result[measure] = groups[measure].mean()
        result[f"{measure}_sd"] = groups[measure].std()
    return result.reset_index()


def _rows_of(ensembles: pd.DataFrame, entry: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of one named ensemble, once however many pools hold it."""
    names = ensembles["ensemble"].map(lambda name: set(name.split("+")) == set(entry["members"]))
    found = ensembles[names & (ensembles["consensus"] == "mean_logit")].drop_duplicates(["shift"])
    if found.empty:
        raise UserError(
            f"teams: no pool has the ensemble {'+'.join(entry['members'])} ('{entry['title']}') with mean_logit; "
            "name members that one pool holds, as many as its k"
        )
    return found.assign(team=entry["title"], seed=0)[TEAM_COLUMNS]


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `equitability` in the shape of the paper's: a row per team, a column per measure and shift.

    Cells are words: the mean with two digits and, where there are several seeds, the standard deviation behind ±.
    """
    words = table[["team", "shift"]].assign(
        **{
            measure: [_words(*pair) for pair in zip(table[measure], table[f"{measure}_sd"], strict=True)]
            for measure in MEASURES
        }
    )
    wide = words.pivot(index="team", columns="shift", values=MEASURES)
    wide = wide.reindex(
        index=table["team"].unique(), columns=pd.MultiIndex.from_product([MEASURES, table["shift"].unique()])
    )
    wide.columns = [f"{measure.removeprefix('equitability_')}, {shift}" for measure, shift in wide.columns]
    return wide.reset_index()


def _words(mean: float, deviation: float) -> str | None:
    if pd.isna(mean):
        return None
    return f"{mean:.2f}" if pd.isna(deviation) else f"{mean:.2f} ± {deviation:.2f}"
