import pytest

from heterodox.errors import UserError
from heterodox.training.recipe import Optimization, Pretraining, Probe, Recipe


def test_values_left_out_take_their_defaults_and_whole_numbers_become_floats():
    recipe = Recipe.from_config({"learning_rate": 1, "betas": [0.5, 0.9], "flip": True})
    assert recipe == Recipe(learning_rate=1.0, betas=(0.5, 0.9), flip=True)
    assert isinstance(recipe.learning_rate, float)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"learning_rat": 1}, r"recipes.cnn: unknown key learning_rat; possible are optimizer, "),
        ({"optimizer": "adam"}, r"recipes.cnn.optimizer must be one of adamw, sgd, adabelief, not 'adam'"),
        ({"epochs": 2.5}, r"recipes.cnn.epochs must be int, not 2.5"),
        ({"epochs": 0}, r"recipes.cnn.epochs must lie in 1..inf, not 0"),
        ({"epochs": True}, r"recipes.cnn.epochs must be int, not True"),
        ({"flip": 1}, r"recipes.cnn.flip must be bool, not 1"),
        ({"learning_rate": float("nan")}, r"recipes.cnn.learning_rate must lie in 0..10, not nan"),
        ({"learning_rate": "1e-3"}, r"recipes.cnn.learning_rate must be float, not '1e-3'"),
        ({"betas": [0.9]}, r"recipes.cnn.betas must be a list of 2 numbers, not \[0.9\]"),
        ({"betas": [0.9, 2]}, r"recipes.cnn.betas must lie in 0..1, not 2"),
        ({"label_smoothing": 1}, r"recipes.cnn.label_smoothing must lie in 0..0.999, not 1"),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(values, fault):
    with pytest.raises(UserError, match=fault) as raised:
        Recipe.from_config(values, "recipes.cnn")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", [Optimization, Recipe, Probe, Pretraining])
def test_every_default_passes_its_own_check(kind):
    assert kind.from_config(vars(kind())) == kind()
