"""The explanation study, run for real from birds to claims on a few images."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from tests.workflow.conftest import ROOT, Checkout


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout in which the small explanation study ran."""
    checkout = Checkout(tmp_path_factory.mktemp("birds") / "checkout")
    shutil.copy2(ROOT / "tests/smoke/explanations.yaml", checkout.folder / "config.yaml")
    checkout.snakemake("explanations", "--quiet", "progress")
    return checkout


@pytest.fixture
def results(study: Checkout) -> Path:
    return study.folder / "results/smoke_birds"


def test_a_second_run_has_nothing_to_do(study: Checkout) -> None:
    assert "Nothing to be done" in study.snakemake("explanations").stderr


def test_scores_follow_from_maps_and_masks(results: Path) -> None:
    scores = pd.read_csv(results / "scores/marks_vgg.csv")
    scores = scores[(scores["method"] == "saliency") & (scores["explained"] == "mean")]
    with (
        MapFile(results / "maps/marks_vgg/saliency.h5") as maps,
        AnnotatedFile(results / "annotated/birds/test.h5") as images,
    ):
        assert maps.explained == ["member"] * 3 + ["mean_probability"]
        found = maps.maps()
        for row in scores.itertuples():
            members = found[row.case]
            low, high = members.min((1, 2), keepdims=True), members.max((1, 2), keepdims=True)
            average = ((members - low) / (high - low)).mean(0)
            region = (average - average.min()) / np.ptp(average) > 0.3
            mask = images.masks_at(row.part, [row.row])[0]
            assert row.iou == pytest.approx((region & mask).sum() / (region | mask).sum())


def test_tables_figures_and_claims_are_there(results: Path) -> None:
    table = pd.read_csv(results / "tables/table_5.csv")
    assert set(table["method"]) == {"saliency", "lime-10"}
    assert {"mean", "draws", "not_rescaled", "median", "rank", "mean_probability"} == set(table["explained"])
    claims = pd.read_csv(results / "tables/explanation_claims.csv").set_index("id")
    assert claims.loc["table_5-marks_vgg-saliency-iou-direction", "n"] > 4
    assert claims.loc["table_2-saliency-distance-direction", "verdict"] == "not measured"
    drawn = {file.name for file in (results / "figures").glob("*.svg")}
    assert {"member_maps.svg", "averaged_maps.svg", "centres_of_mass.svg", "ensemble_sizes.svg"} <= drawn
    assert "explained_ensembles.svg" in drawn


def test_a_study_whose_every_task_is_evaluated_elsewhere_is_planned_without_answers(study: Checkout) -> None:
    """What elsewhere is marked is the part alone, not what would be right to answer."""
    birds = "    birds: {source: birds, images: {train: 64, validation: 16, test: 24}}\n"
    study.edit("config.yaml", birds, birds + birds.replace("birds: {", "others: {", 1))
    study.edit("config.yaml", "marks: {source: birds, ", "marks: {source: birds, evaluated_on: others, ")
    planned = study.planned("explanations")
    assert planned["tabulate_explanation_claims"] == 1
    assert planned["tabulate_answers"] == 0
