import numpy as np

from heterodox.tables.team_training import COLUMNS, training_table


def description(team, seed, loss, strength, stable, diverged=None):
    return {
        "team": team, "seed": seed, "team_loss": loss, "penalty_consensus": None, "lambda": strength,
        "normalise": "none", "diverged_epoch": diverged, "history": [{}] * stable, "recipe": {"epochs": 4},
        "team_validation_accuracy": 0.6, "place": 1, "arch": "resnet",
    }  # fmt: skip


def test_epochs_and_overhead_by_hand() -> None:
    descriptions = [
        description("plain", 1, "independent", None, 4),
        description("plain", 2, "independent", None, 4),
        description("maps", 1, "attribution", 0.1, 2, diverged=3),
        description("maps", 2, "attribution", 0.1, 4),
    ]
    seconds = {("plain", 1): 8.0, ("plain", 2): 16.0, ("maps", 1): 18.0}
    table = training_table(descriptions, seconds)
    assert list(table.columns) == COLUMNS
    assert table["loss"].tolist() == ["independent"] * 2 + ["attribution"] * 2
    assert table["last_stable_epoch"].tolist() == [4, 4, 2, 4]
    assert table["diverged_epoch"].isna().tolist() == [True, True, False, True]
    assert table["diverged_epoch"][2] == 3
    # Plain epochs take 2 and 4 seconds; the diverged training ran three epochs, of 6 seconds each.
    np.testing.assert_array_equal(table["seconds_per_epoch"], [2, 4, 6, np.nan])
    np.testing.assert_array_equal(table["overhead"], [2 / 3, 4 / 3, 2, np.nan])


def test_without_times_or_plain_teams_the_overhead_is_missing() -> None:
    alone = [description("maps", 1, "attribution", 0.1, 4)]
    assert training_table(alone)["seconds_per_epoch"].isna().all()
    assert training_table(alone, {("maps", 1): 8.0})["overhead"].isna().all()
