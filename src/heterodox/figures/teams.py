"""Three members that stand together in a figure, under one title with what they reach together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from heterodox.errors import UserError

COLUMNS = ["ensemble", "shift", "consensus", "accuracy", "attribution_diversity"]


@dataclass(frozen=True)
class Team:
    """Members under a title; accuracy of their mean logit and their attribution diversity (Eq. 7) on one shift."""

    title: str
    members: list[str]
    accuracy: float
    attribution_diversity: float

    @property
    def accuracy_words(self) -> str:
        """Return what the team reaches: `accuracy 88.1 %`."""
        return f"accuracy {100 * self.accuracy:.1f} %"


def teams_of(entries: Sequence[Mapping[str, Any]], scores: Iterable[pd.DataFrame], shift: str) -> list[Team]:
    """Return the teams of a figure: each entry gives a `title` and its `members`, `scores` what ensembles reach.

    scores: tables with COLUMNS, such as ensembles.csv and teams.csv. Raises UserError where none of them has a team's
    members as an ensemble on this shift with the consensus mean_logit.
    """
    table = pd.concat([scored[COLUMNS] for scored in scores], ignore_index=True)
    table = table[(table["shift"] == shift) & (table["consensus"] == "mean_logit")]
    found = {frozenset(row["ensemble"].split("+")): row for _, row in table.iterrows()}
    return [_team(entry, found.get(frozenset(entry["members"])), shift) for entry in entries]


def _team(entry: Mapping[str, Any], row: Any, shift: str) -> Team:
    if row is None:
        raise UserError(
            f"teams: no pool or team has the ensemble {'+'.join(entry['members'])} ('{entry['title']}') on {shift} "
            "with mean_logit; name members that one pool holds, as many as its k"
        )
    return Team(entry["title"], entry["members"], float(row["accuracy"]), float(row["attribution_diversity"]))
