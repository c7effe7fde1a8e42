"""The shipped profile against the rules: a dry run says what each job would ask a cluster for."""

import re

import pytest

from tests.workflow.conftest import ROOT, Checkout

SHIPPED = ["--profile", "workflow/profiles/slurm"]
BLOCK = re.compile(r"^ *(?:local)?rule (\w+):$(.*?)^ *resources: (.*?)$", re.MULTILINE | re.DOTALL)


def asked_for(text: str) -> dict[str, dict[str, str]]:
    """Return the resources of each rule's first job in the text of a dry run."""
    found: dict[str, dict[str, str]] = {}
    for rule, _, resources in BLOCK.findall(text):
        found.setdefault(rule, dict(entry.split("=", 1) for entry in resources.split(", ")))
    return found


@pytest.mark.parametrize("study", ["config.yaml", "tests/smoke/config.yaml"])
def test_whatever_wants_a_gpu_is_sent_where_there_are_some_and_nothing_else_is(study: str, checkout: Checkout) -> None:
    (checkout.folder / "study.yaml").write_text((ROOT / study).read_text())
    text = checkout.snakemake("--dry-run", "--configfile", "study.yaml", *SHIPPED).stdout
    rules = asked_for(text)
    plain = asked_for(checkout.snakemake("--dry-run", "--configfile", "study.yaml").stdout)
    assert rules.keys() == plain.keys()
    for rule, resources in rules.items():
        wants = "gpu" in plain[rule]
        assert resources["slurm_partition"] == ("gpu" if wants else "cpu"), rule
        assert resources.get("gpu") == ("1" if wants else None), rule
        assert int(resources["mem_mb"]) >= 1000, rule
        assert int(resources["runtime"]) >= 5, rule
        # SLURM's warning comes up to a minute early; a job must have begun by then.
        assert "TERM@120" not in resources.get("slurm_extra", "") or int(resources["runtime"]) > 3, rule
