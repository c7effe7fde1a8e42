"""Faults of the explanation study's section that its schema cannot see."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import configuration
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent


def section() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "tests" / "smoke" / "explanations.yaml").read_text(encoding="utf-8"))


def faults(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    config = section()
    change(config["explanation_study"])
    return list(configuration.complete(config))


def test_the_smallest_study_has_no_fault() -> None:
    assert faults(lambda study: None) == []


WHERE = "config: explanation_study"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda study: study["sources"]["birds"].update(size=48),
            f"{WHERE}.sources.birds.size: birds are drawn with at least 64 pixels, not 48",
        ),
        (
            lambda study: study["sources"].update(cub={"source": "cub"}),
            f"{WHERE}.sources.cub.folder: missing; give the folder of the published data set below data_root",
        ),
        (
            lambda study: study["tasks"].update(bill={"source": "bird", "attribute": "bill", "part": "bill"}),
            f"{WHERE}.tasks.bill.source: 'bird' is not in sources: birds",
        ),
        (
            lambda study: study["tasks"].update(bill={"source": "birds"}),
            f"{WHERE}.tasks.bill: takes either an attribute or the presence of parts; give one of the two",
        ),
        (
            lambda study: study["backbones"]["vgg"].update(source="fish"),
            f"{WHERE}.backbones.vgg.source: 'fish' is not in sources: birds",
        ),
        (
            lambda study: study["member_sets"].update(new={"task": "bill", "backbone": "vgg"}),
            f"{WHERE}.member_sets.new.task: 'bill' is not in tasks: marks",
        ),
        (
            lambda study: study["member_sets"].update(
                new={"task": "marks", "backbone": "vgg", "members": 1, "strategy": "leave_one_bucket_out"}
            ),
            f"{WHERE}.member_sets.new.members: leave_one_bucket_out needs at least 2, not 1",
        ),
        (
            lambda study: study["member_sets"].update(
                new={"task": "marks", "backbone": "vgg", "recipe": {"flip": True}}
            ),
            f"{WHERE}.member_sets.new.recipe.flip: a frozen trunk's features are of images as they are; leave it out",
        ),
        (
            lambda study: study.update(multitask={"source": "birds", "backbone": "resnet"}),
            f"{WHERE}.multitask.backbone: 'resnet' is not in backbones: vgg",
        ),
    ],
)
def test_each_fault_is_one_line_with_its_key(change: Callable[[dict[str, Any]], Any], expected: str) -> None:
    assert faults(change) == [expected]
