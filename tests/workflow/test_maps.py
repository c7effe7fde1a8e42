"""Saliency maps are dumped for those who want them: pools, and the figure that shows them."""

import json
from typing import Any

from tests.workflow.conftest import Checkout
from tests.workflow.test_reruns import change_config
from tests.workflow.test_rules import study_of

MEMBERS, SHIFTS = 14, 5
SHOWN = {("resnet", "clean"), ("vit", "clean"), ("dino_resnet", "clean")}  # by three figures


def without_maps(config: dict[str, Any]) -> None:
    config["pools"]["architectures"]["maps"] = False


def specs(checkout: Checkout, rule: str) -> list[dict[str, Any]]:
    jobs = study_of("all", folder=checkout.folder)["jobs"]
    return [json.loads(job["params"][0]) for job in jobs if job["rule"] == rule]


def with_maps(checkout: Checkout) -> set[tuple[str, str]]:
    """Return (member, shift) of the dumps that are to hold maps."""
    found = specs(checkout, "dump_member")
    return {(spec["wildcards"]["member"], spec["wildcards"]["shift"]) for spec in found if spec["config"]["methods"]}


def test_a_pool_without_maps_dumps_its_members_anew_but_for_those_that_the_figure_shows(finished: Checkout) -> None:
    change_config(finished, without_maps)
    jobs = finished.planned()
    assert jobs["dump_member"] == MEMBERS * SHIFTS - 3
    assert jobs["score_ensembles"] == jobs["bootstrap_trends"] == SHIFTS
    assert not {"train_member", "corrupt_images", "draw_saliency_maps"} & set(jobs)
    assert with_maps(finished) == SHOWN
    of_pool = [spec for spec in specs(finished, "score_ensembles") if spec["wildcards"]["pool"] == "architectures"]
    assert len(of_pool) == SHIFTS
    for spec in of_pool:
        assert spec["config"]["methods"] == []
        assert "maps" not in spec["config"]["pool"]


def test_maps_for_one_pool_dump_its_members_alone(finished: Checkout) -> None:
    def two_pools(config):
        without_maps(config)
        config["pools"]["seen"] = {"members": ["vgg", "swin", "resnet"], "k": 2, "maps": False}

    change_config(finished, two_pools)
    finished.finish("all")
    change_config(finished, lambda config: config["pools"]["seen"].update(maps=True))
    jobs = finished.planned()
    assert jobs["dump_member"] == 3 * SHIFTS - 1  # the figure has had resnet's on the clean images before
    # Both pools read dumps that are written anew.
    assert jobs["score_ensembles"] == 2 * SHIFTS
    assert not {"train_member", "corrupt_images"} & set(jobs)


def test_maps_of_teams_are_those_of_the_clean_images(checkout: Checkout) -> None:
    found = specs(checkout, "dump_team")
    assert len(found) == 8 * 2 * SHIFTS
    assert {(spec["wildcards"]["shift"] == "clean", bool(spec["config"]["methods"])) for spec in found} == {
        (True, True),
        (False, False),
    }


def test_the_figure_shows_members_that_have_maps_or_is_left_out(checkout: Checkout) -> None:
    def nothing_named(config):
        for figure in ("saliency_maps", "agreeing_pixels", "team_maps"):
            del config["figures"][figure]
        config["pools"]["architectures"]["members"].remove("vgg")

    change_config(checkout, nothing_named)
    assert [spec["config"]["members"] for spec in specs(checkout, "draw_saliency_maps")] == [
        ["resnet", "resnext", "densenet"]
    ]
    assert "vgg" not in {member for member, _ in with_maps(checkout)}
    change_config(checkout, without_maps)
    assert specs(checkout, "draw_saliency_maps") == []
    assert with_maps(checkout) == set()
