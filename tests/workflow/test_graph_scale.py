"""A study of five thousand jobs is planned exactly, by a process that loads neither torch nor the library."""

import subprocess
import sys

import yaml

from tests.workflow.conftest import Checkout, grown_study

MEMBERS, SEVERITIES, CORRUPTIONS = 100, 12, 4


def test_five_thousand_jobs_are_planned_exactly_and_lightly(checkout: Checkout) -> None:
    study = grown_study(MEMBERS, SEVERITIES)
    (checkout.folder / "config.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "snakemake", "--dry-run", "--nocolor"]
    done = subprocess.run(command, cwd=checkout.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    counts = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2 and line[-1].isdecimal())
    shifts = 1 + CORRUPTIONS * SEVERITIES
    expected = {
        "prepare_data": 1,
        "corrupt_images": shifts - 1,
        "train_member": MEMBERS,
        "dump_member": MEMBERS * shifts,
        "score_ensembles": shifts,
        "bootstrap_trends": shifts,
    }
    assert {rule: int(counts[rule]) for rule in expected} == expected
    assert int(counts["total"]) >= 5000
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"snakemake", "code_digest"} <= imported
    assert not {name for name in imported if name.partition(".")[0] in {"torch", "timm", "numba", "heterodox"}}
