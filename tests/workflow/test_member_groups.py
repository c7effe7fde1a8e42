"""Teams and sub-networks as members and pools, by hand."""

from typing import Any

import pytest
import yaml

from tests.workflow.conftest import ROOT
from workflow import configuration, member_groups


@pytest.fixture
def config() -> dict[str, Any]:
    """Return the smoke study, completed."""
    loaded = yaml.safe_load((ROOT / "tests/smoke/config.yaml").read_text(encoding="utf-8"))
    assert configuration.complete(loaded) == []
    return loaded


def test_every_training_of_a_team_is_a_pool_with_one_ensemble(config: dict[str, Any]) -> None:
    pools = member_groups.team_pools(config)
    assert list(pools) == ["independent-1", "gncl-1", "gncl-2", "attribution-1"]
    assert pools["gncl-2"]["members"] == ["gncl-2-1", "gncl-2-2", "gncl-2-3"]
    assert pools["gncl-2"]["k"] == 3
    assert pools["gncl-2"]["consensus"] == ["mean_logit", "median_logit"]
    assert pools["attribution-1"]["consensus"] == ["mean_logit"]
    assert pools["independent-1"]["consensus"] == ["mean_logit", "median_logit"]  # what GNCL's are compared with


def test_a_generated_pool_has_the_keys_of_a_listed_one(config: dict[str, Any]) -> None:
    listed = config["pools"]["architectures"].keys()
    for pool in (member_groups.team_pools(config) | member_groups.subnetwork_pool(config)).values():
        assert pool.keys() == listed


def test_subnetworks_are_numbered_members(config: dict[str, Any]) -> None:
    assert member_groups.subnetworks(config) == ["subnet_01", "subnet_02", "subnet_03", "subnet_04"]
    assert member_groups.group_members(config)["subnet_04"]["arch"] == "subnetwork"
    config["supernetwork"] = None
    assert member_groups.subnetworks(config) == []
    assert member_groups.subnetwork_pool(config) == {}


@pytest.mark.parametrize("order", [1, -1])
def test_families_are_the_two_largest_classes_in_the_order_of_their_names(config: dict[str, Any], order: int) -> None:
    config["members"] = dict(list(config["members"].items())[::order])  # a config may list them in any order
    families = member_groups.families(config)
    assert list(families) == ["CNN", "ViT"]
    assert set(families["ViT"]) == {"vit", "deit"}
    assert set(families["CNN"]) == {"resnet", "vgg", "dino_resnet"}
    del config["members"]["vit"]
    assert member_groups.families(config) == {}


def test_exhibits_are_told_apart_by_their_losses(config: dict[str, Any]) -> None:
    titles = {"heterogeneous": "Heterogeneous", "prediction": "GNCL", "attribution": "Attribution"}
    assert member_groups.exhibits(config) == titles
    config["figures"]["team_maps"]["teams"].pop()
    assert member_groups.exhibits(config) is None


def test_searched_cells_are_numbered_members_of_a_pool_of_their_own(config: dict[str, Any]) -> None:
    assert member_groups.cells(config) == []
    assert member_groups.searched_pools(config) == {}
    study = yaml.safe_load((ROOT / "tests/smoke/cells.yaml").read_text(encoding="utf-8"))
    assert configuration.complete(study) == []
    assert member_groups.cells(study) == ["cell_01", "cell_02", "cell_03"]
    assert member_groups.group_members(study)["cell_03"]["arch"] == "cell"
    pool = member_groups.searched_pools(study)["cells"]
    assert (pool["members"], pool["k"]) == (["cell_01", "cell_02", "cell_03"], 2)
    assert pool.keys() == config["pools"]["architectures"].keys()
