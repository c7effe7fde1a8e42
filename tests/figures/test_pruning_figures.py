"""The pruning study's figures: what they show, and that every text can be read."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import (
    front_attention,
    front_ensembles,
    gene_frequency,
    hypervolume_growth,
    pruned_resilience,
    pruning_front_3d,
    pruning_fronts,
    scope_ablation,
    temperature_ablation,
)
from heterodox.figures.pruning_fronts import OBJECTIVES
from tests.figures.study import all_words, misplaced_texts


def evaluations(runs: int = 3, scopes=("features", "units", "both")) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        {
            "scope": scope,
            "kind": kind,
            "run": run,
            **dict(zip(OBJECTIVES, generator.random(3) / [2, 1, 3], strict=True)),
        }
        for scope in scopes
        for kind in ("nsga2", "random")
        for run in range(1, runs + 1)
        for _ in range(30)
    ]
    return pd.DataFrame(rows)


def front() -> pd.DataFrame:
    error = np.array([0.1, 0.12, 0.15, 0.3, 0.1])
    return pd.DataFrame(
        {
            "rank": [0, 0, 0, 0, 1],
            "error": error,
            "active_share": [0.9, 0.5, 0.2, 0.05, 1],
            "auroc_loss": [0.1, 0.2, 0.05, 0.3, 0.4],
        }
    )


def heads(runs: int = 3) -> pd.DataFrame:
    shares = {"unpruned": 1.0, "magnitude": 0.4, "random": 0.4, "front": 0.4}
    rows = [
        {"kind": kind, "run": run, "place": run, "active_share": share, "accuracy": 0.8 + 0.01 * run, "auroc": 0.9}
        for kind, share in shares.items()
        for run in range(1, runs + 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("runs", [1, 3, 10])
def test_fronts_show_runs_merged_front_and_baselines(runs: int) -> None:
    figure = pruning_fronts.draw(evaluations(runs), front(), heads(runs), "features")
    assert misplaced_texts(figure) == []
    words = all_words(figure)
    assert all(label in words for label in ("random masks", "merged front", "unpruned", "by magnitude"))
    searched = [line for line in figure.axes[0].lines if line.get_markersize() == 2]
    assert sum(len(line.get_xdata()) for line in searched) == 30 * runs
    # Five colours can be told apart; of more runs no legend names only some.
    assert len(searched) == (runs if runs <= 5 else 1)
    assert ("search, 10 runs" in words) == (runs == 10)
    assert ("search, run 1" in words) == (runs != 10)
    stairs = [line for line in figure.axes[0].lines if line.get_drawstyle() == "steps-post"]
    # Error against size: all four are best in the pair; the dominated one is not drawn.
    np.testing.assert_allclose(stairs[0].get_xdata(), [10, 12, 15, 30])


def test_the_staircase_leaves_out_what_is_worse_in_the_pair_shown() -> None:
    figure = pruning_fronts.draw(evaluations(), front(), heads(), "features")
    stairs = [line for line in figure.axes[1].lines if line.get_drawstyle() == "steps-post"]  # error, 1 - AUROC
    np.testing.assert_allclose(stairs[0].get_xdata(), [10, 15])


def test_the_front_in_three_dimensions_has_a_point_per_mask() -> None:
    figure = pruning_front_3d.draw(front(), heads())
    axes = figure.axes[0]
    xs, ys, zs = axes.collections[0]._offsets3d
    np.testing.assert_allclose(
        sorted(zip(xs, ys, zs, strict=True)), sorted([(90, 90, 90), (50, 88, 80), (20, 85, 95), (5, 70, 70)])
    )
    assert misplaced_texts(figure) == []


def windows(columns: int = 8) -> pd.DataFrame:
    names = [f"{50 + 5 * place}-{60 + 5 * place}" for place in range(columns)]
    rows = [
        {"criterion": criterion, "window": name, "members": place, "consensus": consensus, "measure": measure,
         **dict(zip(("gain", "low", "high"), [np.nan] * 3 if place < 2 else (0.01, -0.01, 0.02), strict=True))}
        for criterion in ("accuracy", "auroc")
        for place, name in enumerate(names)
        for consensus in ("majority_vote", "mean_probability")
        for measure in ("accuracy", "auroc")
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("columns", [1, 3, 8])
def test_gains_of_windows_are_in_percentage_points(columns: int) -> None:
    figure = front_ensembles.draw(windows(columns))
    assert misplaced_texts(figure) == []
    for points, _, _ in figure.axes[0].containers:
        np.testing.assert_allclose(points.get_ydata(), [1.0] * max(0, columns - 2))
    assert "50-60\n0" in all_words(figure)


def genes(features: int, units: int = 0) -> pd.DataFrame:
    parts = []
    for kind, count in (("feature", features), ("unit", units)):
        frequency = np.linspace(1, 0, count) if count else np.zeros(0)
        rank = np.arange(1, count + 1)
        parts.append(
            pd.DataFrame(
                {"kind": kind, "gene": np.arange(count), "frequency": frequency, "rank": rank, "top": rank <= 10}
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("features", "units"), [(128, 0), (12, 6), (2048, 512)])
def test_the_gene_map_has_a_cell_per_gene_and_frames_the_top(features: int, units: int) -> None:
    figure = gene_frequency.draw(genes(features, units))
    assert misplaced_texts(figure) == []
    cells = figure.axes[0].images[0].get_array()
    assert np.isfinite(np.ma.filled(cells, np.nan)).sum() == features
    assert len(figure.axes[0].patches) == 10
    assert figure.axes[1].get_yticklabels()[0].get_text() == "feature 0"


def test_attention_rows_carry_their_correlation() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (6, 28, 28, 1), dtype=np.uint8)
    maps = {name: generator.random((6, 4, 4)).astype(np.float32) for name in front_attention.TITLES}
    correlations = {"top": np.linspace(0, 1, 6), "random": np.array([-0.25] * 5 + [np.nan])}
    classes = ["T-shirt/top", "Trouser", "Ankle boot"]
    figure = front_attention.draw(images, np.arange(6) % 3, classes, maps, correlations, 10)
    assert misplaced_texts(figure) == []
    words = all_words(figure)
    assert "r = 0.20" in words
    assert words.count("r = -0.25") == 5
    assert words.count("no r") == 1
    assert "the 10 most frequent" in words


def ablation(sets=("all", "held_out", "digits")) -> pd.DataFrame:
    rows = []
    for run in (1, 2):
        for ood in sets:
            for temperature in (1.0, 10.0, 1000.0):
                rows.append(("odin", temperature, 0.0, ood, run, 0.7 + 0.02 * run))
            rows.append(("odin", 1000.0, 0.0014, ood, run, 0.75))
            rows += [(score, np.nan, np.nan, ood, run, 0.6) for score in ("maximum_softmax", "maximum_logit", "energy")]
    table = pd.DataFrame(rows, columns=["score", "temperature", "epsilon", "ood", "run", "auroc"])
    both = [
        table.assign(part=part, images=100, auroc=table["auroc"] * factor)
        for part, factor in (("test", 1), ("validation", 0.5))
    ]
    return pd.concat(both)


@pytest.mark.parametrize("sets", [("all",), ("all", "held_out", "digits"), ("all", "a", "b", "c", "d", "e")])
def test_temperatures_show_the_mean_of_runs_on_test_images(sets) -> None:
    figure = temperature_ablation.draw(ablation(sets))
    assert misplaced_texts(figure) == []
    odin = next(line for line in figure.axes[0].lines if line.get_label() == "ODIN")
    np.testing.assert_allclose(odin.get_ydata(), 73)


def test_scopes_show_each_run_and_their_mean() -> None:
    table = evaluations(2).groupby(["scope", "kind", "run"]).size().reset_index()
    for place, name in enumerate(scope_ablation.MEASURES):
        table[name] = 0.1 * table["run"] + place
    figure = scope_ablation.draw(table, ["features", "units", "both"])
    assert misplaced_texts(figure) == []
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [0.1, 0.2])
    assert "Both" in all_words(figure)


@pytest.mark.parametrize("runs", [1, 3])
def test_growth_shows_runs_and_means(runs: int) -> None:
    steps = np.arange(1, 41)
    rows = [
        pd.DataFrame(
            {"scope": "features", "kind": kind, "run": run, "evaluations": steps, "hypervolume": run * steps / 400}
        )
        for kind in ("nsga2", "random")
        for run in range(1, runs + 1)
    ]
    figure = hypervolume_growth.draw(pd.concat(rows), "features")
    assert misplaced_texts(figure) == []
    mean = next(line for line in figure.axes[0].lines if line.get_label() == "search, mean")
    np.testing.assert_allclose(mean.get_ydata(), np.mean(range(1, runs + 1)) * steps / 400)


def resilience(shifts=("lines-1.6", "water_drop-7.0")) -> Figure:
    members = pd.DataFrame(
        [
            {"member": f"pruned_{place:02d}", "shift": shift, "accuracy": 0.8, "lost": 0.01 * place,
             "active_share": place / 10, "test_auroc": 0.8 + place / 100}
            for place in range(1, 6)
            for shift in ("clean", *shifts)
        ]
    )  # fmt: skip
    correlations = pd.DataFrame(
        [
            {"shift": shift, "quantity": "test_auroc", "spearman": 0.5, "low": -0.25, "high": 1.0, "n": 5}
            for shift in shifts
        ]
    )
    return pruned_resilience.draw(members, correlations)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_resilience_has_a_panel_per_corruption_with_its_correlation(count: int) -> None:
    figure = resilience(("lines-1.6", "water_drop-7.0", "plasma-4.0", "checkerboard-4.0")[:count])
    assert misplaced_texts(figure) == []
    assert len(figure.axes) == count + 1
    assert "0.50 [\N{MINUS SIGN}0.25, 1.00]" in all_words(figure)
    np.testing.assert_allclose(figure.axes[0].collections[0].get_offsets()[:, 1], [1, 2, 3, 4, 5])


def test_resilience_without_corruptions_is_refused() -> None:
    with pytest.raises(UserError, match="corruptions"):
        resilience(())
