"""Every shipped study builds its graph of jobs; the paper-scale one on an image folder made for the purpose."""

import math
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import Checkout, add_made_images

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIGS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted((ROOT / "configs").glob("*.yaml"))}
STUDIES = [name for name, config in CONFIGS.items() if "members" in config]
EXPLANATIONS = [name for name, config in CONFIGS.items() if "explanation_study" in config]


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """Return a checkout with the data and weights that the shipped studies expect to find."""
    add_made_images(checkout)
    return checkout


@pytest.mark.parametrize("study", STUDIES)
def test_the_study_builds_its_graph(ready: Checkout, study: str) -> None:
    jobs = ready.planned("--configfile", f"configs/{study}.yaml")
    config = yaml.safe_load((ROOT / "configs" / f"{study}.yaml").read_text(encoding="utf-8"))
    if "pruning" in config:
        assert jobs["search_masks"] == 10 * 4  # runs of three scopes, and of random masks
        assert jobs["tabulate_pruning_claims"] == 1
    if "pools" not in config:
        return
    assert jobs["prepare_data"] == 1
    text = (ready.folder / f"configs/{study}.yaml").read_text(encoding="utf-8")
    if yaml.safe_load(text).get("members"):
        assert jobs["dump_member"] > 14
        assert jobs["draw_trend_grid"] >= 1
    if yaml.safe_load(text).get("cells"):
        assert jobs["search_cells"] == 5
        assert jobs["tabulate_cell_claims"] == 1


@pytest.mark.parametrize("study", EXPLANATIONS)
def test_the_explanation_study_builds_its_graph(checkout: Checkout, study: str) -> None:
    """The published data sets need not be there: what a folder holds is looked at when it is read."""
    jobs = checkout.planned("explanations", "--configfile", f"configs/{study}.yaml")
    section = CONFIGS[study]["explanation_study"]
    assert jobs["prepare_annotated_images"] == len(section["sources"])
    assert jobs["train_member_set"] == len(section["member_sets"])
    methods = [entry.get("methods") or section["methods"] for entry in section["member_sets"].values()]
    assert jobs["explain_member_set"] == sum(map(len, methods))
    assert jobs["tabulate_explanation_claims"] == 1


def test_the_paper_study_has_six_data_sets_and_364_ensembles_of_pretrained_members(ready: Checkout) -> None:
    pool = yaml.safe_load((ready.folder / "configs/imagenet.yaml").read_text())["pools"]["architectures"]
    assert math.comb(len(pool["members"]), pool["k"]) == 364
    jobs = ready.planned("--configfile", "configs/imagenet.yaml")
    assert jobs["corrupt_images"] == 4
    assert jobs["prepare_natural_shift"] == 1
    assert jobs["score_ensembles"] == 2 * 6  # and 165 of sub-networks
    assert jobs["train_team"] == 8 * 3
    assert jobs["fetch_member"] + jobs["probe_member"] == 23
    assert "train_member" not in jobs


def test_image_folders_become_splits_and_a_second_test_set(ready: Checkout) -> None:
    path = ready.folder / "configs/imagenet.yaml"
    path.write_text(path.read_text().replace("validation: 10000", "validation: 3"))
    targets = ["results/imagenet/data/test.h5", "results/imagenet/shifts/v2.h5"]
    ready.snakemake(*targets, "--configfile", "configs/imagenet.yaml")
    assert all((ready.folder / target).is_file() for target in targets)
    assert ready.planned(*targets, "--configfile", "configs/imagenet.yaml") == Counter()


def test_missing_weights_are_one_line(ready: Checkout) -> None:
    (ready.folder / "weights/dino_resnet50.safetensors").unlink()
    done = ready.snakemake("--dry-run", "--configfile", "configs/imagenet.yaml", check=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("config: ")]
    assert len(lines) == 1
    assert "weights/dino_resnet50.safetensors" in lines[0]
