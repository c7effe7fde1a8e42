"""The two scoring programs as the rules call them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heterodox.ensembles.pool import pool_from
from heterodox.storage.atomic import write_text
from heterodox.storage.dumps import write_dump
from heterodox.storage.tables import read_table

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCORE_COLUMNS = [
    *("pool", "shift", "consensus", "k", "ensemble", "accuracy", "top_accuracy", "improvement", "disagreement"),
    *("label_disagreement", "equitability_correct", "equitability_incorrect", "attribution_diversity"),
    *("attribution_diversity_none", "mean_member_accuracy", "mean_member_accuracy_validation", "parameters", "rho"),
]
TREND_COLUMNS = [
    *("pool", "shift", "consensus", "k", "metric", "n", "slope", "slope_low", "slope_high"),
    *("pearson", "pearson_low", "pearson_high", "spearman", "spearman_low", "spearman_high"),
    *("share_above_zero", "share_above_zero_low", "share_above_zero_high", "redrawn"),
]
MEMBERS = ["vit", "resnet", "swin", "outside"]


@pytest.mark.parametrize(("known", "expected"), [(0.75, {"a": 0.5, "b": 0.75}), (None, {"a": 0.5})])
def test_what_is_known_of_outside_members_comes_from_the_config(tmp_path, known, expected):
    write_text(tmp_path / "a.json", json.dumps({"member": "a", "parameters": 1, "validation_accuracy": 0.5}))
    entry = {"arch": None, "class": "CNN", "approach": "supervised", "parameters": 7, "validation_accuracy": known}
    pool = pool_from({"pool": {"members": ["a", "b"]}, "outside": {"b": entry}}, [tmp_path / "a.json"])
    assert pool.parameters == {"a": 1, "b": 7}
    assert pool.validation_accuracy == expected


@pytest.fixture
def study(tmp_path):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 60)
    for place, name in enumerate(MEMBERS):
        logits = (generator.normal(size=(60, 4)) + np.eye(4)[labels]).astype(np.float32)
        with write_dump(tmp_path / f"{name}.h5", labels, np.arange(60), 4) as dump:
            dump.append(logits, {"saliency": generator.random((60, 1, 3, 3))})
        if name != "outside":
            facts = {"member": name, "parameters": 10**place, "validation_accuracy": 0.5 + 0.1 * place}
            write_text(tmp_path / f"{name}.json", json.dumps(facts))
    return tmp_path


def run(script, folder, *arguments, **pool):
    config = {
        "pool": {"members": MEMBERS, "k": 3, "consensus": ["mean_logit", "majority_vote"]} | pool,
        "outside": {"outside": {"parameters": 5000, "approach": None}},
        "methods": ["saliency"],
        "seed": 1,
        "replicates": 120,
    }
    spec = json.dumps({"wildcards": {"pool": "all", "shift": "lines-1.6"}, "config": config, "code": "0"})
    dumps = [folder / f"{name}.h5" for name in config["pool"]["members"]]
    command = [sys.executable, SCRIPTS / f"{script}.py", "--spec", spec, "--dumps", *dumps, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)


def score(folder, **pool):
    descriptions = [folder / f"{name}.json" for name in MEMBERS[:3]]
    outputs = ["--scores", folder / "scores.csv", "--pairs", folder / "scores.pairs.csv"]
    return run("score_ensembles", folder, "--descriptions", *descriptions, *outputs, **pool)


def test_dumps_become_scores_and_scores_trends(study):
    done = score(study, metrics=["rho"])
    assert done.returncode == 0, done.stderr
    scores = read_table(study / "scores.csv")
    assert scores.columns.tolist() == SCORE_COLUMNS
    assert set(scores["pool"]) == {"all"}
    assert set(scores["shift"]) == {"lines-1.6"}
    own = scores[scores["consensus"] == "mean_logit"].set_index("ensemble")
    assert own.loc["vit+resnet+swin", "parameters"] == 111
    assert own.loc["resnet+swin+outside", "parameters"] == 5110
    assert own.loc["vit+resnet+swin", "mean_member_accuracy_validation"] == pytest.approx(0.6)
    assert np.isnan(own.loc["vit+swin+outside", "mean_member_accuracy_validation"])
    pairs = read_table(study / "scores.pairs.csv", ["pool", "shift", "first", "second", "disagreement"])
    assert len(pairs) == 6

    done = run(
        "bootstrap_trends",
        study,
        "--scores",
        study / "scores.csv",
        "--trends",
        study / "trends.csv",
        "--comparisons",
        study / "comparisons.csv",
    )
    assert done.returncode == 0, done.stderr
    trends = read_table(study / "trends.csv")
    assert trends.columns.tolist() == TREND_COLUMNS
    assert trends["n"].tolist() == [4, 4, 4, 4, 1] * 2
    comparisons = read_table(study / "comparisons.csv", ["k", "statistic", "consensus", "first", "second", "n"])
    assert set(comparisons["pool"]) == {"all"}
    assert set(comparisons["shift"]) == {"lines-1.6"}
    assert comparisons[["value", "low", "high"]].notna().all(axis=1).any()


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ({"k": 5}, "4 members cannot form ensembles of 5"),
        ({"k": 1}, "at least 2 members"),
        ({"members": ["vit", "resnet", "vit"]}, "vit stands in it more than once"),
        ({"consensus": ["mean"]}, "mean is unknown"),
    ],
)
def test_a_users_mistake_is_one_line(study, pool, said):
    done = score(study, **pool)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not (study / "scores.csv").exists()
