"""The rules keep the project's conventions: names, docstrings, logs, and all that decides a result in the params."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.code_digest import CodeDigests

ROOT = Path(__file__).resolve().parent.parent.parent
EXPENSIVE = {
    "prepare_data",
    "prepare_natural_shift",
    "corrupt_images",
    "train_member",
    "pretrain_backbone",
    "probe_member",
    "fetch_member",
    "fetch_backbone",
    "dump_member",
}


def study_of(target: str, config: str | None = None, folder: Path = ROOT) -> dict:
    command = [sys.executable, str(ROOT / "tests/workflow/list_jobs.py"), target, *([config] if config else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return json.loads(line.removeprefix("RESULT"))


@pytest.fixture(scope="module")
def study() -> dict:
    return study_of("all")


@pytest.fixture(scope="module")
def jobs(study: dict) -> list[dict]:
    return study["jobs"]


@pytest.fixture(scope="module")
def working(jobs: list[dict]) -> list[dict]:
    """Return the jobs that run something, not the mere targets."""
    return [job for job in jobs if job["shell"]]


def test_the_default_study_has_the_expected_jobs(working: list[dict]) -> None:
    rules = [job["rule"] for job in working]
    assert rules.count("dump_member") == 14 * 5
    assert rules.count("train_member") + rules.count("probe_member") == 14
    assert rules.count("score_ensembles") == 5


def test_every_rule_has_a_docstring(jobs: list[dict]) -> None:
    assert {job["rule"] for job in jobs if not job["docstring"]} == set()


def test_rule_script_and_log_have_one_name(working: list[dict]) -> None:
    for job in working:
        assert f"python scripts/{job['rule']}.py " in job["shell"]
        assert (ROOT / "scripts" / f"{job['rule']}.py").is_file()
        assert len(job["logs"]) == 1
        log = Path(job["logs"][0])
        assert job["rule"] in (log.parts[3], log.stem), log
        function = (ROOT / "scripts" / f"{job['rule']}.py").read_text()
        assert f"def {job['rule']}(" in function
        assert f"command.run({job['rule']})" in function


def test_every_script_but_the_summary_has_a_rule(working: list[dict]) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "workflow/rules").glob("*.smk"))
    scripts = {file.stem for file in (ROOT / "scripts").glob("*.py")} - {"summarise_study"}
    assert {name for name in scripts if f"rule {name}:" not in text} == set()


def test_wildcards_and_code_digest_stand_in_the_params(working: list[dict]) -> None:
    digests = CodeDigests(ROOT)
    for job in working:
        specs = [json.loads(text) for text in job["params"] if text.startswith("{")]
        assert len(specs) == 1, job["rule"]
        spec = specs[0]
        assert spec["wildcards"] == job["wildcards"], job["rule"]
        assert len(spec["code"]) == 16
        loads_by_name = spec["code"] != digests.digest(f"scripts/{job['rule']}.py")
        assert loads_by_name == (job["rule"] in {*EXPENSIVE, "draw_corruption_panel"}), job["rule"]


def test_shell_commands_read_no_config_and_no_wildcards(working: list[dict]) -> None:
    for job in working:
        assert "{config" not in job["shell"]
        assert "{wildcards" not in job["shell"]
        assert "{params.spec:q}" in job["shell"]


def test_expensive_rules_can_be_cached(working: list[dict]) -> None:
    for job in working:
        assert job["cached"] == (job["rule"] in EXPENSIVE), job["rule"]
        assert len(job["outputs"]) == 1 or not job["cached"] or len(job["named_outputs"]) == len(job["outputs"])


def test_params_of_two_jobs_of_one_rule_differ(working: list[dict]) -> None:
    seen = [(job["rule"], tuple(job["params"])) for job in working]
    assert len(seen) == len(set(seen))


def test_the_test_split_reaches_only_corruptions_dumps_and_their_pictures(working: list[dict]) -> None:
    readers = {job["rule"] for job in working for file in job["inputs"] if file.endswith("data/test.h5")}
    assert readers == {"corrupt_images", "dump_member", "draw_saliency_maps"}


def test_the_snakefile_imports_neither_torch_nor_the_library(study: dict) -> None:
    packages = {name.partition(".")[0] for name in study["modules"]}
    assert "snakemake" in packages
    assert not {"torch", "timm", "heterodox"} & packages
