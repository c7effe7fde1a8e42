"""The smoke study through the shipped profile; the scheduler's own books say who held a GPU, where and when."""

from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.slurm.cluster import GPU_NODES, Cluster
from tests.slurm.conftest import ClusterStudy

SMOKE = Path(__file__).parent.parent / "smoke/config.yaml"
GPU_RULES = {"train_member", "pretrain_backbone", "probe_member", "train_team", "dumps"}
FIELDS = ["JobIDRaw", "Comment%80", "Partition", "NodeList", "State", "ReqTRES%80", "AllocTRES%80", "Start", "End"]


@pytest.fixture(scope="module")
def books(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Run the whole smoke study and return one row of accounting per job."""
    config = yaml.safe_load(SMOKE.read_text())
    # Of what comes in groups one team stands for all: the profile knows them by name, as a dry run tests.
    config["teams"] = {"gncl": config["teams"]["gncl"] | {"seeds": [1]}}
    for section in ("sweeps", "supernetwork", "method_agreement", "figures"):
        del config[section]
    study = ClusterStudy(tmp_path_factory.mktemp("smoke") / "checkout", cluster, config)
    study.start().finish(900)
    assert (study.results / "figures/trend_grid/architectures.mean_logit.svg").is_file()
    assert "Nothing to be done" in study.start().finish()
    command = ["sacct", "-X", "-n", "-P", "-o", ",".join([*FIELDS, "WorkDir%200"])]
    rows = [line.split("|") for line in (cluster.call(*command) or "").splitlines()]
    names = [field.partition("%")[0] for field in FIELDS]
    return [dict(zip(names, row, strict=False)) for row in rows if row[-1] == str(study.folder)]


def rule_of(row: dict[str, str]) -> str:
    """Return the rule, or the group, of a job; the comment says `rule_NAME` and maybe `_wildcards_...` or a rule."""
    name = row["Comment"].removeprefix("rule_").partition("_wildcards_")[0]
    return "dumps" if name.startswith("dumps") else "drawings" if name.startswith("drawings") else name


def test_every_job_succeeded_at_the_first_attempt(books: list[dict[str, str]]) -> None:
    assert {row["State"] for row in books} == {"COMPLETED"}
    cpu_rules = {"prepare_data", "corrupt_images", "score_ensembles", "score_teams", "drawings"}
    assert cpu_rules | GPU_RULES <= {rule_of(row) for row in books}


def test_gpu_stages_asked_for_and_held_one_gpu_in_the_gpu_partition(books: list[dict[str, str]]) -> None:
    rows = [row for row in books if rule_of(row) in GPU_RULES]
    assert rows
    for row in rows:
        assert row["Partition"] == "gpu"
        assert row["NodeList"] in GPU_NODES
        assert "gres/gpu=1" in row["ReqTRES"].split(",")
        assert "gres/gpu=1" in row["AllocTRES"].split(",")


def test_cpu_stages_did_not(books: list[dict[str, str]]) -> None:
    rows = [row for row in books if rule_of(row) not in GPU_RULES]
    assert rows
    for row in rows:
        assert row["Partition"] == "cpu"
        assert "gpu" not in row["ReqTRES"]
        assert "gpu" not in row["AllocTRES"]


def test_never_more_jobs_held_a_gpu_than_there_are(books: list[dict[str, str]]) -> None:
    events = []
    for row in books:
        if "gpu" in row["AllocTRES"]:
            events += [(datetime.fromisoformat(row["Start"]), 1), (datetime.fromisoformat(row["End"]), -1)]
    held = most = 0
    for _, change in sorted(events):  # an end comes before a start in the same second
        held += change
        most = max(most, held)
    assert 1 <= most <= len(GPU_NODES)


def test_short_jobs_shared_a_submission(books: list[dict[str, str]]) -> None:
    rules = [rule_of(row) for row in books]
    assert rules.count("dumps") == 5  # five members and a team on three shifts, four to a job
    assert rules.count("drawings") == 1
    assert not [rule for rule in rules if rule.startswith(("draw_", "dump_"))]
