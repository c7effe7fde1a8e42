import copy
from pathlib import Path
from typing import Any

import configuration
import pytest
import yaml

from tests.workflow.conftest import ROOT
from tests.workflow.test_rules import study_of

STUDY = yaml.safe_load((ROOT / "tests" / "smoke" / "pruning.yaml").read_text(encoding="utf-8"))
BIRDS = {"source": "image_folder", "folder": "birds"}


def faults(**changes: Any) -> list[str]:
    study = copy.deepcopy(STUDY)
    study["pruning"] |= changes
    return configuration.complete(study)


def test_the_smoke_study_is_sound() -> None:
    assert faults() == []
    assert faults(ood={"birds": BIRDS}, held_out=[]) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"held_out": [], "ood": {}}, "config: pruning: nothing is out of distribution"),
        ({"ood": {"birds": {"source": "image_folder"}}}, "config: pruning.ood.birds: 'folder' is a required property"),
        (
            {"ood": {"cifar": {"source": "torchvision", "folder": "x"}}},
            "config: pruning.ood.cifar: 'name' is a required",
        ),
        ({"ood": {"other": {"source": "embedded"}}}, "config: pruning.ood.other: 'name' is a required property"),
        ({"ood": {"same": STUDY["data"] | {"most": None}}}, "config: pruning.ood.same: "),
        ({"ood": {"birds": BIRDS | {"crop": 28}}}, "config: pruning.ood.birds: resize and crop belong together"),
        ({"ood": {"held_out": BIRDS}}, "config: pruning.ood: "),
        ({"ood": {"birds": {"source": "kaggle"}}}, "config: pruning.ood.birds.source: 'kaggle' is not one of"),
        ({"backbone": {"arch": "pruned_head"}}, "config: pruning.backbone.arch: 'pruned_head' is made of another"),
        ({"backbone": {"pretrained": True}}, "config: pruning.backbone.model: no library has weights of 'small'"),
        (
            {"detection": {"temperature": -1000}},
            "config: pruning.detection.temperature: -1000 is less than",
        ),
        ({"channels": {"population": 4, "evaluations": 8}, "backbone": {"arch": "vgg"}}, "config: pruning.channels: "),
        ({"channels": {"population": 1, "evaluations": 8}}, "config: pruning.channels.population: 1 is less than"),
        ({"detection": {"temperature": 0}}, "config: pruning.detection.temperature: 0 is less than"),
        (
            {"detection": {"temperatures": [1, -2]}},
            "config: pruning.detection.temperatures.1: -2 is less than",
        ),
        ({"ood_images": {"test": 0}}, "config: pruning.ood_images.test: 0 is less than the minimum"),
        ({"head": {"patience": 0}}, "config: pruning.head.patience: 0 is less than the minimum"),
        ({"head": {"optimizer": "adamw"}}, "config: pruning.head: unknown key 'optimizer'"),
        (
            {"search": STUDY["pruning"]["search"] | {"population": 1}},
            "config: pruning.search.population: 1 is less",
        ),
    ],
    ids=str,
)
def test_a_fault_is_one_line_that_names_the_key(changes: dict[str, Any], line: str) -> None:
    (found,) = faults(**changes)
    assert found.startswith(line)
    assert "\n" not in found


def test_the_data_set_itself_is_not_strange_to_itself() -> None:
    same = {"source": "embedded", "name": "fashion_mnist_small"}
    (found,) = faults(ood={"same": same})
    assert found.startswith("config: pruning.ood.same: is the data set itself")


def test_schema_and_dataclass_name_the_same_head_recipe() -> None:
    from heterodox.training.recipe import HeadRecipe

    keys = configuration.read_schema()["properties"]["pruning"]["properties"]["head"]["properties"]
    assert {name: entry["default"] for name, entry in keys.items()} == vars(HeadRecipe())


def test_how_many_search_beside_each_other_names_no_search(tmp_path: Path) -> None:
    found = []
    for number, changes in enumerate(({"workers": 1}, {"workers": 3})):
        study = copy.deepcopy(STUDY)
        study["pruning"]["search"] |= {"evaluator": "processes"} | changes
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump(study), encoding="utf-8")
        job = next(job for job in study_of("pruning", str(path))["jobs"] if job["rule"] == "search_masks")
        found.append(next(text for text in job["params"] if text.startswith('{"code"')))
        assert f'"workers": {changes.get("workers", 1)}' in job["command"]
    assert found[0] == found[1]
    # A generation trained in one computation is rounded differently, which does.
    assert '"threads":1,"together":false' in found[0]


def test_masks_of_units_alone_have_no_figure_of_places_in_images(tmp_path: Path) -> None:
    study = copy.deepcopy(STUDY)
    study["pruning"]["search"]["scopes"] = ["units"]
    path = tmp_path / "units.yaml"
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    rules = {job["rule"] for job in study_of("pruning", str(path))["jobs"]}
    assert "explain_front_heads" in rules
    assert "draw_pruning_attention" not in rules
