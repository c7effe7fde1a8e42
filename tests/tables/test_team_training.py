import pandas as pd

from heterodox.tables.team_training import COLUMNS, training_table


def description(team, seed, loss, strength, stable, diverged=None):
    return {
        "team": team, "member_seed": seed, "seed": 7, "team_loss": loss, "loss": 0.3, "penalty_consensus": None,
        "lambda": strength, "normalise": "none", "explained": 8, "diverged_epoch": diverged, "history": [{}] * stable,
        "recipe": {"epochs": 4}, "team_validation_accuracy": 0.6, "place": 1, "arch": "resnet",
        "classes": ["cat", "dog", "owl"],
    }  # fmt: skip


def test_teams_come_first_and_the_sweeps_rows_below_them() -> None:
    descriptions = [description("plain", 1, "independent", None, 4), description("maps", 2, "attribution", 0.1, 2, 3)]
    row = {"sweep": "wide", "team": "maps", "seed": 1, "loss": "attribution", "lambda": 10.0, "epochs": 4}
    sweep = pd.DataFrame([row | {"last_stable_epoch": 0, "diverged_epoch": 1, "overhead": 2.5}], columns=COLUMNS)
    table = training_table(descriptions, [sweep])
    assert list(table.columns) == COLUMNS
    assert table["sweep"].fillna("").tolist() == ["", "", "wide"]
    assert table["seed"].tolist() == [1, 2, 1]  # the team's, not the study's
    assert table["loss"].tolist() == ["independent", "attribution", "attribution"]
    assert table["last_stable_epoch"].tolist() == [4, 2, 0]
    assert table["diverged_epoch"].isna().tolist() == [True, False, False]
    assert table["diverged_epoch"].tolist()[1:] == [3, 1]
    assert table["overhead"].isna().tolist() == [True, True, False]
    assert table["classes"].tolist()[:2] == [3, 3]
    assert table["explained"].tolist()[:2] == [8, 8]
    assert table["explained"].isna().tolist() == [False, False, True]


def test_a_study_without_teams_has_an_empty_table() -> None:
    assert list(training_table([]).columns) == COLUMNS
    assert training_table([]).empty
