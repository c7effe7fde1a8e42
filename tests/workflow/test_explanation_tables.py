"""What the explanation study refuses to explain or tabulate, one line each."""

import copy

import configuration
import pytest
import yaml

from tests.workflow.conftest import ROOT

SMOKE = yaml.safe_load((ROOT / "tests/smoke/explanations.yaml").read_text())


def faults(**changes):
    config = copy.deepcopy(SMOKE)
    config["explanation_study"] |= changes
    return configuration.complete(config)


def test_the_smoke_study_is_sound():
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"methods": ["gradcam"]}, "methods: 'gradcam' is no method: grad_cam, gradient_shap, guided_grad_cam"),
        ({"methods": ["lime-0"]}, "methods: 'lime-0' is no method"),
        ({"methods": ["lime-5", "lime-9"]}, "methods: 'lime' is named twice"),
        ({"fewer_images": {"shap": 4}}, "fewer_images: 'shap' is no method"),
        ({"tables": {"table_1": "bill"}}, "tables.table_1: 'bill' is not in member_sets: marks_vgg"),
        ({"tables": {"table_3": ["wing"]}}, "tables.table_3: 'wing' is not in member_sets"),
        (
            {"tables": {"table_7": {"single": "marks_vgg"}}},
            "table_7.single: 'marks_vgg' has 3 members; name a set of one",
        ),
        ({"tables": {"table_7": {"bagging": "marks_vgg"}}}, "tables.table_7.single: missing"),
        ({"ensembles_explained": {"member_sets": ["all"]}}, "ensembles_explained.member_sets: 'all' is not in"),
        (
            {"tasks": {"marks": {"source": "birds", "attribute": "bill"}}},
            "tables.table_1: the task 'marks' of 'marks_vgg' names no part to be marked",
        ),
        ({"threshold": 1.0}, "threshold: 1.0 is greater than or equal to the maximum of 1"),
        ({"averaging": {"average": "mode"}}, "averaging.average: 'mode' is not one of"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_are_one_line_each(changes, fault):
    found = faults(**changes)
    assert any(line.startswith("config: explanation_study.") and fault in line for line in found), found
    assert all("\n" not in line for line in found)
