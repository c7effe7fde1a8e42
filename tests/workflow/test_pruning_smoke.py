"""The pruning study, run for real on a small scale, and what it leaves."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from tests.workflow.conftest import ROOT, Checkout


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which the small study ran from images to claims."""
    checkout = Checkout(tmp_path_factory.mktemp("pruning") / "checkout")
    shutil.copy2(ROOT / "tests/smoke/pruning.yaml", checkout.folder / "config.yaml")
    checkout.snakemake("pruning", "--cores", "2", "--quiet", "progress")
    return checkout


@pytest.fixture(scope="module")
def tables(study: Checkout) -> dict[str, pd.DataFrame]:
    folder = study.folder / "results/smoke_pruning/tables"
    return {path.stem.removeprefix("pruning_"): pd.read_csv(path) for path in folder.glob("pruning_*.csv")}


def results(study: Checkout) -> Path:
    return study.folder / "results/smoke_pruning"


def test_a_second_run_has_nothing_to_do_and_no_state_is_left(study: Checkout) -> None:
    assert "Nothing to be done" in study.snakemake("pruning").stderr
    assert not list((results(study) / "state").rglob("*.*"))


def test_every_search_has_its_budget_and_both_start_alike(tables: dict[str, pd.DataFrame]) -> None:
    evaluations = tables["evaluations"]
    assert evaluations.groupby(["scope", "kind", "run"]).size().to_dict() == {
        ("features", "nsga2", 1): 14,
        ("features", "random", 1): 14,
    }
    first = evaluations[evaluations["generation"] == 0]
    assert first[first["kind"] == "nsga2"]["genome"].tolist() == first[first["kind"] == "random"]["genome"].tolist()


def test_the_front_is_trained_again_to_what_the_search_found(tables: dict[str, pd.DataFrame]) -> None:
    front, heads = tables["front"], tables["heads"]
    again = heads[heads["kind"] == "front"].sort_values("place")
    np.testing.assert_allclose(1 - again["accuracy"], front["error"], atol=1e-12)
    np.testing.assert_allclose(1 - again["auroc"], front["auroc_loss"], atol=1e-6)
    np.testing.assert_allclose(again["active_share"], front["active_share"])
    for kind in ("magnitude", "random"):
        own = heads[heads["kind"] == kind].sort_values("place")
        np.testing.assert_allclose(own["active_share"], again["active_share"])


def test_a_pruned_member_is_the_head_behind_the_backbone(study: Checkout, tables: dict[str, pd.DataFrame]) -> None:
    front = tables["front"]
    place = front.index[front["member"] == "pruned_01"][0]
    expected = load_file(results(study) / "pruning/front_logits.safetensors")["known"][place]
    with h5py.File(results(study) / "pruning/dumps/pruned_01/clean.h5") as file:
        np.testing.assert_allclose(file["logits"][:], expected, atol=1e-4)
        labels = file["labels"][:]
    described = json.loads((results(study) / "pruning/members/pruned_01.json").read_text())
    assert described["active_share"] == front["active_share"][place]
    row = tables["members"].set_index(["member", "shift"]).loc[("pruned_01", "clean")]
    assert row["accuracy"] == pytest.approx((expected.argmax(1) == labels).mean())


def test_the_pool_of_pruned_members_is_scored(tables: dict[str, pd.DataFrame]) -> None:
    pool = tables["pool"]
    assert set(pool["shift"]) == {"clean", "lines-1.6"}
    assert set(pool["ensemble"]) == {"pruned_01+pruned_02+pruned_03"}


def test_every_claim_has_a_verdict_and_every_figure_its_three_files(
    study: Checkout, tables: dict[str, pd.DataFrame]
) -> None:
    assert set(tables["claims"]["verdict"]) <= {"agrees", "differs", "undecided", "not measured"}
    assert len(tables["claims"]) == 16
    figures = results(study) / "figures"
    names = {path.stem for path in figures.glob("pruning_*.svg")}
    assert len(names) == 9
    assert {path.name for path in figures.iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("svg", "png", "pdf")
    }
