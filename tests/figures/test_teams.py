import math

import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures.teams import teams_of

ENTRIES = [{"title": "Named", "members": ["c", "a", "b"]}, {"title": "Trained", "members": ["t-1-1", "t-1-2", "t-1-3"]}]


def table(ensemble: str, accuracy: float, **others) -> pd.DataFrame:
    row = {"ensemble": ensemble, "shift": "clean", "consensus": "mean_logit", "accuracy": accuracy}
    return pd.DataFrame([row | {"attribution_diversity": math.nan, "anything": 1} | others])


def test_teams_are_found_in_any_table_whatever_the_order_of_their_members() -> None:
    scores = [
        table("a+b+c", 0.1, consensus="majority_vote"),
        table("a+b+c", 0.2, shift="fog-1.0"),
        table("a+b+c", 0.7819, attribution_diversity=0.3),
        table("t-1-1+t-1-2+t-1-3", 0.5),
    ]
    named, trained = teams_of(ENTRIES, scores, "clean")
    assert (named.title, named.members, named.accuracy_words) == ("Named", ["c", "a", "b"], "accuracy 78.2 %")
    assert named.attribution_diversity == 0.3
    assert trained.accuracy == 0.5
    assert math.isnan(trained.attribution_diversity)


def test_a_team_that_was_not_scored_is_named() -> None:
    with pytest.raises(UserError, match=r"has the ensemble t-1-1\+t-1-2\+t-1-3 \('Trained'\) on clean"):
        teams_of(ENTRIES, [table("a+b+c", 0.1), table("t-1-1+t-1-2", 0.1)], "clean")
