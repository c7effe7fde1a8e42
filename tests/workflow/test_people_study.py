"""Faults of what the explanation study makes for people: arrows, user studies, and the files of their answers."""

from collections.abc import Callable
from typing import Any

import configuration
import pytest

from tests.workflow.test_explanation_study import section

WHERE = "config: explanation_study"
MULTITASK = {"source": "birds", "backbone": "vgg", "attributes": ["bill", "wing"], "presence": ["crest"]}


def faults(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    config = section()
    study = config["explanation_study"]
    study |= {"multitask": dict(MULTITASK), "user_study": {}, "arrows": {}}
    change(study)
    return list(configuration.complete(config))


def test_defaults_are_the_paper_s_numbers() -> None:
    config = section()
    config["explanation_study"] |= {"multitask": dict(MULTITASK), "user_study": {}}
    assert list(configuration.complete(config)) == []
    people = config["explanation_study"]["user_study"]
    assert (people["averaging"]["images"], people["annotations"]["images"]) == (24, 10)
    assert (people["learning"]["pairs"], people["learning"]["images"], people["break_seconds"]) == (3, 20, 60)
    assert people["learning"]["groups"] == ["control", "heat_map", "boxes", "labelled_arrows", "words"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda study: study.update(multitask=None),
            f"{WHERE}.user_study: needs multitask, whose networks mark the images; add it",
        ),
        (
            lambda study: study["arrows"].update(attributes=["bill", "beak"]),
            f"{WHERE}.arrows.attributes: 'beak' is not in multitask.attributes or .presence: bill, wing, crest",
        ),
        (
            lambda study: study["user_study"].update(averaging={"member_set": "all"}),
            f"{WHERE}.user_study.averaging.member_set: 'all' is not in member_sets: marks_vgg",
        ),
        (
            lambda study: study["user_study"].update(pairs=[["a", "b"]]),
            f"{WHERE}.user_study.learning.pairs: 3, but `pairs` names fewer",
        ),
        (
            lambda study: study.update(ratings="no/such.csv"),
            f"{WHERE}.ratings: there is no readable CSV file no/such.csv; put it there or drop the key",
        ),
    ],
)
def test_each_fault_is_one_line_with_its_key(change: Callable[[dict[str, Any]], Any], expected: str) -> None:
    assert faults(change) == [expected]


@pytest.mark.parametrize("key", ["arrows", "user_study"])
def test_an_unknown_method_is_named_with_the_known_ones(key: str) -> None:
    (line,) = faults(lambda study: study[key].update(method="crystal_ball"))
    assert line.startswith(f"{WHERE}.{key}.method: 'crystal_ball' is no method: grad_cam, ")
