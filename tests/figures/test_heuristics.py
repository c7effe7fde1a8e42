import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures import heuristics as figure_of_heuristics
from heterodox.tables.heuristics import summarise, with_heuristics
from tests.figures.study import SHIFTS, all_words, misplaced_texts

SEVEN = [
    ("balanced", "balanced", "mean_logit", 0.2),
    ("median", "gncl", "median_logit", 0.2),
    ("average", "gncl", "mean_logit", 0.2),
    ("probability", "gncl", "mean_probability", 0.2),
    ("vote", "gncl", "majority_vote", 0.2),
    ("masked", "masked_gncl", "mean_logit", 0.2),
    ("independent", "independent", None, np.nan),
]
SWEEP = [*SEVEN[2:4], *(("swept", "gncl", "mean_logit", strength) for strength in (0.4, 0.8))]


def teams(entries=SEVEN, shifts=SHIFTS, seeds=(1, 2)) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {"team": name, "seed": seed, "loss": loss, "penalty_consensus": consensus, "lambda": strength, "shift": shift,
         "consensus": kind, "accuracy": (accuracy := generator.uniform(0.7, 0.74)), "mean_member_accuracy": accuracy}
        for name, loss, consensus, strength in entries
        for seed in seeds
        for shift in shifts
        for kind in dict.fromkeys(["mean_logit", consensus or "mean_logit"])
    )  # fmt: skip


def drawn(table: pd.DataFrame):
    return figure_of_heuristics.draw(summarise(table), with_heuristics(table))


@pytest.mark.parametrize(
    "table",
    [
        teams(),
        teams(shifts=[*SHIFTS, "gaussian_noise-12.5", "plasma-4.0", "fog-1.0"]),
        teams(SEVEN[:1], ["clean"], [1]),
        teams(SWEEP, seeds=(1, 2, 3)),
    ],
)
def test_texts_are_legible(table) -> None:
    assert misplaced_texts(drawn(table)) == []


def test_bars_are_means_in_the_papers_order_each_consensus_beside_mean_logit() -> None:
    table = teams()
    axes = drawn(table).axes[2]
    widths = [bar.get_width() for bar in axes.patches]
    own = table[table["shift"] == "lines-1.6"]
    mean = own.groupby(["team", "consensus"])["accuracy"].mean() * 100
    order = [
        ("independent", "mean_logit"),
        ("average", "mean_logit"),
        *[(name, kind) for name, own_kind in (("probability", "mean_probability"), ("median", "median_logit"),
          ("vote", "majority_vote")) for kind in ("mean_logit", own_kind)],
        ("masked", "mean_logit"),
        ("balanced", "mean_logit"),
    ]  # fmt: skip
    assert widths == pytest.approx([mean[key] for key in order])
    colours = {bar.get_facecolor() for bar in axes.patches}
    assert len(colours) == 2


def test_every_seed_is_a_dot_and_both_names_of_one_loss_are_told() -> None:
    table = teams(seeds=(1, 2, 3))
    figure = drawn(table)
    independent = table.query("team == 'independent' and shift == 'clean'")["accuracy"] * 100
    dots = next(line for line in figure.axes[0].lines if line.get_marker() == ".")
    assert sorted(dots.get_xdata()) == pytest.approx(sorted(independent))
    words = all_words(figure)
    assert "mean logit\n= geometric mean" in words
    assert "mean of 3 seeds" in words


def test_lambdas_of_one_heuristic_stand_apart() -> None:
    words = all_words(drawn(teams(SWEEP)))
    assert all(f"(λ {value})" in words for value in (0.2, 0.4, 0.8))
    assert "probability (" not in words


def test_no_teams_are_refused() -> None:
    empty = summarise(teams()).iloc[:0]
    with pytest.raises(UserError, match="has no rows"):
        figure_of_heuristics.draw(empty, teams())
