"""From maps to tables, figures and claims by the programs themselves, on a few invented maps."""

import json

import numpy as np
import pandas as pd
import pytest

from heterodox.storage.explanations import write_answers, write_maps
from tests.explain.annotated import BILL, SIDE, make_images
from tests.programs import run_here

TABLES = {f"table_{number}": None for number in (1, 2, 4, 5)} | {"table_3": []}
TABLES |= {"table_1": "set", "table_7": {"single": None, "leave_one_bucket_out": None, "bagging": None}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with images, maps that mark the bill (the average best), answers, and all that follows."""
    folder = tmp_path_factory.mktemp("study")
    make_images(folder / "images.h5")
    rows, generator = np.arange(8), np.random.default_rng(0)
    bill = np.zeros((SIDE, SIDE))
    bill[4:9, 10:20] = 1
    maps = bill + generator.gamma(1, 0.4, (8, 5, SIDE, SIDE))
    kinds = ["member"] * 3 + ["mean_probability", "mean_logit"]
    for method in ("grad_cam", "saliency"):
        with write_maps(
            folder / f"{method}.h5", rows % 3, 100 + rows, rows, {"empty_masks": 0}, explained=kinds
        ) as writer:
            writer.append(maps, np.zeros((8, 5)))
    with write_answers(
        folder / "set.h5", rows, 100 + rows, {"outputs": json.dumps(["short", "medium", "long"])}
    ) as file:
        file.append({"logits": generator.normal(size=(8, 3, 3)).astype(np.float32)})
    return folder


def run(name, config, wildcards=None, **files):
    run_here(name, {"spec": {"config": config, "wildcards": wildcards or {}}, **files})


@pytest.fixture(scope="module")
def tables(folder):
    names = {"member_set": "set"}
    maps = [folder / "grad_cam.h5", folder / "saliency.h5"]
    task = {"task": BILL, "scoring": {}}
    run("score_explanations", task, names, maps=maps, images=folder / "images.h5", scores=folder / "set.csv")
    sizes = {"maps": maps, "images": folder / "images.h5", "scores": folder / "set.sizes.csv"}
    run("score_ensemble_sizes", task | {"subsets": 3}, names, **sizes)
    config = {"tables": TABLES, "average": "mean", "seed": 1, "replicates": 100}
    page = {"table": folder / "localisation.csv", "page": folder / "localisation.html"}
    run("tabulate_localisation", config, scores=[folder / "set.csv"], folder=folder, **page)
    page = {"table": folder / "answers.csv", "page": folder / "answers.html"}
    run(
        "tabulate_answers",
        {"tasks": [BILL], "seed": 1, "replicates": 100},
        answers=[folder / "set.h5"],
        images=[folder / "images.h5"],
        **page,
    )
    found = [folder / name for name in ("table_1.csv", "answers.csv")]
    page = {"table": folder / "claims.csv", "page": folder / "claims.html"}
    run("tabulate_explanation_claims", config, tables=found, **page)
    return folder


def test_averaged_maps_are_nearer_in_the_papers_table(tables):
    table = pd.read_csv(tables / "table_1.csv").set_index(["method", "explained"])
    assert table.loc[("saliency", "mean"), "ens_avg"] < table.loc[("saliency", "mean"), "ind_avg"] + 0.01
    assert table.loc[("grad_cam", "mean"), "paper_ens_avg"] == 0.328
    scores = pd.read_csv(tables / "set.csv")
    own = scores[(scores["method"] == "saliency") & (scores["explained"] == "mean")]
    assert table.loc[("saliency", "mean"), "ens_avg"] == pytest.approx(own["distance"].mean())
    assert "Table 1" in (tables / "table_1.html").read_text()
    assert table.loc[("saliency", "draws"), "difference"] == 0  # these methods draw nothing


def test_the_claims_know_what_the_tables_say(tables):
    claims = pd.read_csv(tables / "claims.csv").set_index("id")
    table = pd.read_csv(tables / "table_1.csv").set_index(["method", "explained"])
    row = claims.loc["table_1-set-saliency-distance-direction"]
    assert row["value"] == pytest.approx(table.loc[("saliency", "mean"), "difference"])
    assert row["centre"] == pytest.approx(table.loc[("saliency", "mean"), "centre"])
    assert claims.loc["table_2-saliency-distance-size", "verdict"] == "not measured"
    assert "random map" in (tables / "claims.html").read_text()


def test_answers_have_a_row(tables):
    answers = pd.read_csv(tables / "answers.csv")
    assert answers["member_set"].tolist() == ["set"]
    assert answers["images"].tolist() == [7]  # one bill is unknown


@pytest.mark.parametrize("name", ["draw_member_maps", "draw_averaged_maps", "draw_centres_of_mass"])
def test_figures_of_maps_come_back_byte_for_byte(tables, tmp_path, name):
    config = {"task": BILL, "scoring": {}, "images": 2}
    for place in ("first", "second"):
        files = {"maps": tables / "saliency.h5", "images": tables / "images.h5"}
        run(name, config, figure=tmp_path / f"{place}.svg", **files)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    assert (tmp_path / "first.png").stat().st_size > 10_000


def test_the_curves_and_the_wrapped_ensembles_are_drawn(tables, tmp_path):
    run("draw_ensemble_sizes", {}, scores=tables / "set.sizes.csv", figure=tmp_path / "sizes.svg")
    config = {"task": BILL, "scoring": {}, "images": 2, "member_set": "set"}
    files = {"images": tables / "images.h5", "table": tables / "localisation.csv", "figure": tmp_path / "both.svg"}
    run("draw_explained_ensembles", config, maps=[tables / "saliency.h5"], **files)
    assert {file.name for file in tmp_path.glob("*.png")} == {"sizes.png", "both.png"}
